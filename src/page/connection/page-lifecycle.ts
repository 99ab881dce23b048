import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import { isVisible } from './greeting.ts';

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
