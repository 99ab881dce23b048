type Task = { at: number; serial: number; run: () => void };

/** More tasks than this at one instant mean an endless loop. */
const HOT_LOOP = 2_000;

/** A simulated computer. It can sleep, and its worker can die. Only `advance` and `sleep` move the time. */
export abstract class Device {
  now = 1_000_000;
  /** Violations, each with the number of its invariant. */
  readonly broken: string[] = [];
  protected worker = 0;
  protected awakeSince = 0;
  protected asleepUntil = 0;
  #tasks: Task[] = [];
  #serial = 0;

  /** Runs after each task. */
  protected abstract check(): void;

  after(ms: number, run: () => void): void {
    this.#tasks.push({ at: this.now + ms, serial: this.#serial++, run });
  }

  /** Runs the task only if the same worker is still alive. */
  protected later(ms: number, run: () => void): void {
    const worker = this.worker;
    this.after(ms, () => worker === this.worker && this.awake(run));
  }

  /** Runs now, or after the computer wakes. Network input arrives `delayMs` after the wake, behind overdue alarms. */
  protected awake(run: () => void, delayMs = 0): void {
    if (this.now >= this.asleepUntil) return run();
    const worker = this.worker;
    this.after(this.asleepUntil + delayMs - this.now, () => worker === this.worker && run());
  }

  #next(end: number): Task | undefined {
    let best = -1;
    for (let i = 0; i < this.#tasks.length; i++) {
      const task = this.#tasks[i];
      const least = this.#tasks[best];
      if (
        task &&
        task.at <= end &&
        (!least || task.at < least.at || (task.at === least.at && task.serial < least.serial))
      )
        best = i;
    }
    return best < 0 ? undefined : this.#tasks.splice(best, 1)[0];
  }

  advance(ms: number): void {
    const end = this.now + ms;
    let atOnce = 0;
    for (let task = this.#next(end); task; task = this.#next(end)) {
      atOnce = task.at > this.now ? 0 : atOnce + 1;
      if (atOnce > HOT_LOOP) return this.#stopHotLoop();
      this.now = Math.max(this.now, task.at);
      task.run();
      this.check();
    }
    this.now = end;
    this.check();
  }

  #stopHotLoop(): void {
    this.broken.push('9: endless loop');
    this.#tasks = [];
  }

  sleep(ms: number): void {
    this.asleepUntil = this.awakeSince = this.now + ms;
    this.advance(ms);
  }
}
