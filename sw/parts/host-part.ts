import { createHost } from '../../src/host/host.ts';
import { createApi } from '../../src/host/services/keeper-api.ts';
import type { HostOptions } from '../../src/host/services/host-options.ts';
import type { Host } from '../../src/host/services/host-types.ts';
import type { RequestMatch } from '../../src/host/session/request-matcher.ts';
import type { PageMessage } from '../../src/protocol/bridge/bridge.ts';
import { sendDirectly } from '../../src/host/runtime/send-directly.ts';
import { popupPage } from '../requests/popup-page.ts';
import { answerCall } from '../calls/call-bridge.ts';

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
