import { MARK, type PageMessage } from '../../src/protocol/bridge.ts';
import { WORKER_TAKEOVER_MS } from '../../src/protocol/takeover-timing.ts';

declare const self: ServiceWorkerGlobalScope;

/**
 * Has the worker in office told when this one is to replace it, as soon as this one is installed. Nobody else can know:
 * the wish is made with `skipWaiting()`, by the keeper or by the site's own code, and shows in no state. What calls
 * that again repeats it. Gives what repeats it for a worker in office that has been started anew since.
 */
export const announceTakeover = (): (() => void) => {
  const { registration } = self;
  const skipWaiting = self.skipWaiting.bind(self);
  // a newcomer that was stopped while it waited
  let me = registration.waiting;
  let until = 0;
  const tell = (): void => {
    const ms = until - Date.now();
    if (me?.state !== 'installed' || ms <= 0) return;
    registration.active?.postMessage({ mark: MARK, type: 'taking-over', ms } satisfies PageMessage);
  };
  const wish = (): void => {
    until = Date.now() + WORKER_TAKEOVER_MS;
    tell();
  };
  let wished = (): void => undefined;
  self.skipWaiting = () => {
    wished = wish;
    wish();
    return skipWaiting();
  };
  self.addEventListener('install', () => {
    me = registration.installing;
    me?.addEventListener('statechange', () => wished());
  });
  return tell;
};

/** Has a newcomer that waits say again what it has told the one before; only then is it known what that one knew. */
export const repeatSkipWaiting = (): boolean => {
  const { waiting } = self.registration;
  waiting?.postMessage({ mark: MARK, type: 'skip-waiting' } satisfies PageMessage);
  return waiting !== null;
};
