import { systemClock, type Clock } from './clock.ts';

/** The clock of a host that may have to end: from then on no timer of its rings, so nothing in it refreshes or dials. */
export const stoppableClock = (): { clock: Clock; stop(): void } => {
  const pending = new Set<() => void>();
  let state: 'runs' | 'stopped' = 'runs';
  return {
    clock: {
      now: systemClock.now,
      at(at, run) {
        if (state === 'stopped') return () => {};
        const ring = () => {
          pending.delete(cancel);
          run();
        };
        const timer = systemClock.at(at, ring);
        const cancel = () => {
          pending.delete(cancel);
          timer();
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
