import { startTimer } from '../../src/protocol/timing/timer.ts';

/** Resolves after `ms`. */
export const elapse = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    startTimer(resolve, ms);
  });
