import { systemClock, type Clock } from './clock.ts';

/**
 * The clock of a host in a page, which ends when a worker takes over. After `stop` no timer fires, so the host neither
 * refreshes nor connects again.
 */
export const stoppableClock = (): { clock: Clock; stop(): void } => {
  const pending = new Set<() => void>();
  let state: 'running' | 'stopped' = 'running';
  return {
    clock: {
      now: systemClock.now,
      schedule(at, run) {
        if (state === 'stopped') return () => {};
        const fire = () => {
          pending.delete(cancel);
          run();
        };
        const cancelTimer = systemClock.schedule(at, fire);
        const cancel = () => {
          pending.delete(cancel);
          cancelTimer();
        };
        pending.add(cancel);
        return cancel;
      },
    },
    stop: () => {
      state = 'stopped';
      for (const cancel of [...pending]) cancel();
    },
  };
};
