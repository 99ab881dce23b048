/** Time and chance come in, so that nothing in here is beyond a test's control. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs once, at `at` by this clock or as soon as possible after it; returns its own cancellation. */
  at(at: number, run: () => void): () => void;
};

/** A number in [0, 1). */
export type Random = () => number;

/** `setTimeout` counts in 32 bits; a longer wait would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, run) {
    const delay = Math.min(Math.max(0, at - Date.now()), LONGEST_TIMER_MS);
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = () => Math.random();
