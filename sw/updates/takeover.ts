import { MARK } from '../../src/protocol/bridge/bridge-constants.ts';
import type { Marked, PageMessage } from '../../src/protocol/bridge/bridge.ts';
import { WORKER_TAKEOVER_MS } from '../../src/protocol/takeover-timing.ts';

declare const self: ServiceWorkerGlobalScope;

/**
 * Informs the active worker that this one is about to replace it, as soon as this one is installed. The active worker
 * cannot see that: `skipWaiting()` shows in no state, whether the keeper or the site's own code calls it. Each further
 * `skipWaiting()` informs it again. Returns a function that does the same for an active worker that was restarted.
 */
export const announceTakeover = (): (() => void) => {
  const { registration } = self;
  const skipWaiting = self.skipWaiting.bind(self);
  // Set already if the browser stopped this worker while it waited.
  let me = registration.waiting;
  let until = 0;
  let onInstalled = (): void => undefined;
  const repeat = (): void => {
    const ms = until - Date.now();
    if (me?.state !== 'installed' || ms <= 0) return;
    registration.active?.postMessage({ mark: MARK, type: 'taking-over', ms } satisfies Marked<PageMessage>);
  };
  const announce = (): void => {
    until = Date.now() + WORKER_TAKEOVER_MS;
    repeat();
  };
  self.skipWaiting = () => {
    onInstalled = announce;
    announce();
    return skipWaiting();
  };
  self.addEventListener('install', () => {
    me = registration.installing;
    me?.addEventListener('statechange', () => onInstalled());
  });
  return repeat;
};

/**
 * Makes the waiting worker, if there is one, repeat its announcement: this worker may have been restarted since, and then
 * it has lost it. Returns whether a worker waits.
 */
export const requestAnnouncement = (): boolean => {
  const { waiting } = self.registration;
  waiting?.postMessage({ mark: MARK, type: 'skip-waiting' } satisfies Marked<PageMessage>);
  return waiting !== null;
};
