import { startTimer } from '../../protocol/timing/timer.ts';

/** Resolves with `true` when the event comes within `ms` milliseconds, and otherwise with `false`. */
export const waitForEvent = (target: EventTarget, type: string, ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    const done = (came: boolean) => {
      cancel();
      target.removeEventListener(type, onEvent);
      resolve(came);
    };
    const onEvent = () => done(true);
    const cancel = startTimer(() => done(false), ms);
    target.addEventListener(type, onEvent);
  });

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const cancel = startTimer(resolve, ms);
    signal.addEventListener('abort', () => {
      cancel();
      resolve();
    });
  });
