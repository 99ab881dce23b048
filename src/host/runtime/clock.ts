/** The host gets time and chance as arguments, so that tests control them. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `run` once, at the moment `at` or as soon as possible after it. Returns a function that cancels it. */
  schedule(at: number, run: () => void): () => void;
};

/** A number in [0, 1). */
export type Random = () => number;

/** `setTimeout` takes a signed 32-bit delay. A longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(at, run) {
    const delay = Math.min(Math.max(0, at - Date.now()), MAX_TIMER_MS);
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = () => Math.random();
