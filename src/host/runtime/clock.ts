import { startTimer } from '../../protocol/timing/timer.ts';

/** The host gets time and chance as arguments, so that tests control them. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `run` once, at the moment `at` or as soon as possible after it. Returns a function that cancels it. */
  schedule(at: number, run: () => void): () => void;
};

/** A number in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (at, run) => startTimer(run, at - Date.now()),
};

export const systemRandom: Random = () => Math.random();
