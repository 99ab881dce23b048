/** Whether the event came within `ms` milliseconds. */
export const waitForEvent = (target: EventTarget, type: string, ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    const done = (came: boolean) => {
      clearTimeout(timer);
      target.removeEventListener(type, onEvent);
      resolve(came);
    };
    const onEvent = () => done(true);
    const timer = setTimeout(done, ms, false);
    target.addEventListener(type, onEvent);
  });

/** What `promise` gives, or `late` when it takes more than `ms` milliseconds. A rejection passes through. */
export const withDeadline = <T, L>(promise: Promise<T>, ms: number, late: L): Promise<T | L> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<L>((resolve) => {
    timer = setTimeout(resolve, ms, late);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
};

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
