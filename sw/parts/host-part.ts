import { createHost } from '../../src/host/host.ts';
import { createApi } from '../../src/host/services/keeper-api.ts';
import type { HostOptions } from '../../src/host/services/host-options.ts';
import type { Host } from '../../src/host/services/host-types.ts';
import type { RequestMatch, RequestMatcher } from '../../src/host/session/request-matcher.ts';
import type { PageMessage } from '../../src/protocol/bridge/bridge.ts';
import { sendBy } from '../../src/host/session/own-requests.ts';
import { sendDirectly } from '../../src/host/runtime/send-directly.ts';
import { popupPage } from '../requests/popup-page.ts';
import { answerCall } from '../calls/call-bridge.ts';

declare const self: ServiceWorkerGlobalScope;

export { createHost, createApi, answerCall, popupPage };

/** The host of a worker, with what answers the calls and requests of pages. */
export type StartedHost = Omit<Host, 'apiOptions' | 'owns' | 'switchTab'> & {
  answer(source: Client, call: PageMessage & { type: 'call' }, isAccepted: boolean): Promise<void>;
  /** Only where the origin has several sessions. */
  fetch(request: Request, match: RequestMatch, client: string): Promise<Response>;
  sendBare(request: Request): Promise<Response>;
  /** Ends a sign-in in a window of its own, once its outcome is known. */
  popup(): Promise<Response>;
};

/** A worker that waits reads no session: what it read would be old once it is active. */
const NOT_ACTIVE: readonly string[] = ['parsed', 'installing', 'installed'];

/** Sends a request of the site's own code, once there is a host (own-requests.ts). */
export const sendOwn = async (
  start: () => Promise<StartedHost>,
  ...sent: [matcher: RequestMatcher, request: Request, client: string]
): Promise<Response> => {
  // Firefox before 135 has no `self.serviceWorker`.
  if (NOT_ACTIVE.includes(self.serviceWorker?.state)) throw new TypeError('This worker is not active yet.');
  return sendBy(await start(), ...sent);
};

/** A worker with one session. */
export const startOne = (options: HostOptions): StartedHost => {
  const host = createHost(options);
  const api = createApi(host.apiOptions);
  return {
    ...host,
    answer: (source, { message }, isAccepted) => answerCall(api, source, message, isAccepted),
    fetch: (request, match) => options.requests.fetch(request, match),
    sendBare: sendDirectly,
    popup: async () => {
      await host.pending();
      return popupPage();
    },
  };
};
