import { KEEPER_ROOT, KEEP_ALIVE_PATH, KEEP_ALIVE_TYPE } from '../src/protocol/bridge.ts';

/**
 * A response that never ends keeps a Chromium worker alive for as long as its page reads it: hidden or frozen, without
 * a timer, without `waitUntil` (whose 5 minutes would kill the worker; measured).
 */
export type KeepAlives = {
  covers(url: URL): boolean;
  respond(url: URL): Response;
  /** Ends them all, so that this worker may go. */
  end(): void;
};

/** A page that takes its lease anew, say over an update, has not left in between. */
const GRACE_MS = 2_000;

export const createKeepAlives = (onGone: (tab: string) => void): KeepAlives => {
  const held = new Map<string, ReadableStreamDefaultController>();

  const gone = (tab: string, controller: ReadableStreamDefaultController): void => {
    if (held.get(tab) === controller) held.delete(tab);
    setTimeout(() => {
      if (!held.has(tab)) onGone(tab);
    }, GRACE_MS);
  };

  const stream = (tab: string): ReadableStream => {
    let mine: ReadableStreamDefaultController;
    return new ReadableStream({
      start(controller) {
        mine = controller;
        held.set(tab, controller);
      },
      cancel: () => gone(tab, mine),
    });
  };

  return {
    covers: (url) => url.origin === location.origin && url.pathname.startsWith(KEEPER_ROOT),
    respond(url) {
      const tab = url.pathname === KEEP_ALIVE_PATH ? url.searchParams.get('tab') : null;
      const headers = {
        'cache-control': 'no-store',
        'content-type': KEEP_ALIVE_TYPE,
        'cross-origin-resource-policy': 'same-origin',
      };
      // A pulse needs no stream: that it was asked is what keeps the worker awake.
      return tab === null ? new Response(null, { status: 204, headers }) : new Response(stream(tab), { headers });
    },
    end() {
      for (const controller of held.values()) controller.close();
      held.clear();
    },
  };
};
