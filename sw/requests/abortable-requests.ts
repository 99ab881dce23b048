import { changedRequest } from '../../src/host/runtime/changed-request.ts';
import { REQUEST_HEADER } from '../../src/protocol/bridge/bridge-constants.ts';

/**
 * Requests that the worker can abort where the browser does not. A worker does not learn that a page gave up before the
 * response headers (measured; w3c/ServiceWorker#1544). An event stream delays a takeover by up to five minutes (measured
 * in Chromium). A page reconnects such a stream by itself with the id of the last event, and then reaches the new worker
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */
export type AbortableRequests = {
  /** Sends the request in a form that can be aborted, and removes the header that names it. */
  send(request: Request, send: (request: Request) => Promise<Response>): Promise<Response>;
  /** The page no longer waits for the request of this name. */
  abort(name: string): void;
  endStreams(): void;
};

export const createAbortableRequests = (): AbortableRequests => {
  const pending = new Map<string, AbortController>();
  let streams = new AbortController();
  return {
    send(request, send) {
      if (request.headers.get('accept') === 'text/event-stream')
        return send(changedRequest(request, { signal: streams.signal }));
      const name = request.headers.get(REQUEST_HEADER);
      if (name === null) return send(request);
      const headers = new Headers(request.headers);
      headers.delete(REQUEST_HEADER);
      const controller = new AbortController();
      pending.set(name, controller);
      return send(changedRequest(request, { headers, signal: controller.signal })).finally(() => pending.delete(name));
    },
    abort: (name) => pending.get(name)?.abort(),
    endStreams() {
      streams.abort();
      streams = new AbortController();
    },
  };
};
