/** This layer has neither the DOM's types nor Node's. What a timer is differs between the two. */
type Timer = { readonly brand: unique symbol };
declare const setTimeout: (run: () => void, ms: number) => Timer;
declare const clearTimeout: (timer: Timer) => void;

/** Browsers and Node keep a delay in 31 bits. They run a timer with a longer one at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Runs `run` once, `ms` milliseconds from now, however many these are. Returns a function that cancels it.
 * `setTimeout` itself is for constants only, and a test holds this (test/architecture/layers.test.ts).
 */
export const startTimer = (run: () => void, ms: number): (() => void) => {
  let timer: Timer;
  const start = (left: number): void => {
    timer = setTimeout(() => (left > MAX_DELAY_MS ? start(left - MAX_DELAY_MS) : run()), Math.min(left, MAX_DELAY_MS));
  };
  start(ms);
  return () => clearTimeout(timer);
};

/** Resolves after `ms` milliseconds. */
export const resolveAfter = (ms: number): Promise<void> => new Promise((resolve) => void startTimer(resolve, ms));

/** Resolves as `promise` does, or with `late` after `ms` milliseconds. A rejection passes through. */
export const withDeadline = <T, L>(promise: Promise<T>, ms: number, late: L): Promise<T | L> => {
  let cancel = () => {};
  const deadline = new Promise<L>((resolve) => {
    cancel = startTimer(() => resolve(late), ms);
  });
  return Promise.race([promise, deadline]).finally(cancel);
};
