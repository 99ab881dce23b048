type Task = { at: number; order: number; run: () => void };

/** A day in 2025. An absolute time keeps "0" from meaning "unset". */
const DAY_ONE_MS = 1_750_000_000_000;

/** The true time in ms. Only `advance` moves it. The device's clock may differ. */
export class Timeline {
  now = DAY_ONE_MS;
  #order = 0;
  readonly #tasks: Task[] = [];

  after(ms: number, run: () => void): void {
    const task = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    let place = this.#tasks.length;
    while (place > 0 && (this.#tasks[place - 1]?.at ?? 0) > task.at) place--;
    this.#tasks.splice(place, 0, task);
  }

  /** Runs everything that is due within the next `ms`, in order. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let next = this.#tasks[0]; next && next.at <= end; next = this.#tasks[0]) {
      this.#tasks.shift();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
