/**
 * A stream of events that passes through a worker keeps it from being replaced for as long as it lasts, up to five
 * minutes (measured in Chromium). It can be ended: a page asks for it again by itself, with the id of the last event
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html), and then of the newer worker.
 */
export type EventStreams = {
  /** The request, in a form that `end` ends if it is for a stream of events. */
  bind(request: Request): Request;
  end(): void;
};

export const createEventStreams = (): EventStreams => {
  let open = new AbortController();
  return {
    bind: (request) =>
      request.headers.get('accept') === 'text/event-stream' ? new Request(request, { signal: open.signal }) : request,
    end() {
      open.abort();
      open = new AbortController();
    },
  };
};
