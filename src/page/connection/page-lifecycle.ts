import type { Arrival } from '../../protocol/bridge/bridge.ts';
import type { NudgeCause } from '../../protocol/bridge/calls.ts';

/** How this document was opened. A page from the back-forward cache learns it later, from `pageshow`. */
export const arrivalOf = (): Arrival => {
  const [entry] = performance.getEntriesByType('navigation');
  const type = entry instanceof PerformanceNavigationTiming ? entry.type : 'navigate';
  return type === 'back_forward' ? 'back-forward' : type === 'reload' ? 'reload' : 'navigate';
};

export const isVisible = (): boolean => document.visibilityState === 'visible';

export type PageListener = {
  /** The page goes away, perhaps into the back-forward cache. */
  hide(): void;
  /** The page stops running, in the back-forward cache or because the browser saves energy. */
  frozen(): void;
  /** The page came back from the back-forward cache. */
  restored(): void;
  visible(visible: boolean): void;
  nudge(cause: NudgeCause): void;
};

/** Reports events of the page to the listener, until the signal aborts. */
export const observePage = (life: PageListener, signal: AbortSignal): void => {
  const options = { signal };
  addEventListener('pagehide', life.hide, options);
  addEventListener('pageshow', ({ persisted }) => persisted && life.restored(), options);
  addEventListener('online', () => life.nudge('online'), options);
  addEventListener('offline', () => life.nudge('offline'), options);
  document.addEventListener('freeze', life.frozen, options);
  document.addEventListener('resume', () => life.nudge('thaw'), options);
  document.addEventListener(
    'visibilitychange',
    () => {
      const visible = isVisible();
      life.visible(visible);
      life.nudge(visible ? 'visible' : 'hidden');
    },
    options,
  );
};
