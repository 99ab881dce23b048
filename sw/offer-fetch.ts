import type { KeptSession } from './keep-session-options.ts';

/** `self.sessionKeeper.fetch`, for a worker that has the keeper by `importScripts` and so no `keepSession()`. */
export const offerFetch = (fetch: KeptSession['fetch']): void => void Object.assign(self, { sessionKeeper: { fetch } });
