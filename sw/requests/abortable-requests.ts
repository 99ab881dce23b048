import { REQUEST_HEADER } from '../../src/protocol/bridge.ts';

/**
 * Requests that end before the browser would end them: a worker does not hear that a page gave up waiting for the
 * headers of an answer (measured; w3c/ServiceWorker#1544), and a stream of events would keep the worker from being
 * replaced for up to five minutes (measured in Chromium). A page asks for such a stream again by itself, with the id of
 * the last event (https://html.spec.whatwg.org/multipage/server-sent-events.html), and then of the newer worker.
 */
export type AbortableRequests = {
  /** Sends the request in a form that can be ended; the header by which its page names it stays here. */
  send(request: Request, send: (request: Request) => Promise<Response>): Promise<Response>;
  /** The page that named a request so does not wait for it any more. */
  abort(name: string): void;
  endStreams(): void;
};

export const createAbortableRequests = (): AbortableRequests => {
  const waiting = new Map<string, AbortController>();
  let streams = new AbortController();
  return {
    send(request, send) {
      if (request.headers.get('accept') === 'text/event-stream')
        return send(new Request(request, { signal: streams.signal }));
      const name = request.headers.get(REQUEST_HEADER);
      if (name === null) return send(request);
      const headers = new Headers(request.headers);
      headers.delete(REQUEST_HEADER);
      const controller = new AbortController();
      waiting.set(name, controller);
      return send(new Request(request, { headers, signal: controller.signal })).finally(() => waiting.delete(name));
    },
    abort: (name) => waiting.get(name)?.abort(),
    endStreams() {
      streams.abort();
      streams = new AbortController();
    },
  };
};
