import { MARK, type PageMessage } from '../src/protocol/bridge.ts';

declare const self: ServiceWorkerGlobalScope;

const TAKING_OVER: PageMessage = { mark: MARK, type: 'taking-over' };

/**
 * Has the worker in office told when this one is to replace it, as soon as this one is installed. Nobody else can know:
 * the wish is made with `skipWaiting()`, by the keeper or by the site's own code, and shows in no state. What calls
 * that again repeats it.
 */
export const announceTakeOver = (): void => {
  const { registration } = self;
  const skipWaiting = self.skipWaiting.bind(self);
  // a newcomer that was stopped while it waited
  let me = registration.waiting;
  let tell = (): void => undefined;
  self.skipWaiting = () => {
    tell = () => {
      if (me?.state === 'installed') registration.active?.postMessage(TAKING_OVER);
    };
    tell();
    return skipWaiting();
  };
  self.addEventListener('install', () => {
    me = registration.installing;
    me?.addEventListener('statechange', () => tell());
  });
};
