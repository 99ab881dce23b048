import { KEEPER_ROOT, KEEP_ALIVE_PATH, KEEP_ALIVE_TYPE } from '../src/protocol/bridge/bridge-constants.ts';

/**
 * A response that never ends keeps a Chromium worker alive while its page reads it, also in a hidden or frozen page. It
 * needs no timer and no `waitUntil`, after five minutes of which Chromium kills the worker (measured).
 */
export type KeepAlives = {
  covers(url: URL): boolean;
  respond(url: URL): Response;
  /** Ends all responses, so that the browser may stop this worker. */
  end(): void;
};

/** A page that requests its keep-alive again within this time, for example during an update, has not left. */
const GRACE_MS = 2_000;

/** `folder`: path of the folder of this worker's script. */
export const createKeepAlives = (folder: string, onGone: (tab: string) => void): KeepAlives => {
  const open = new Map<string, ReadableStreamDefaultController>();

  const onCancel = (tab: string, controller: ReadableStreamDefaultController): void => {
    if (open.get(tab) === controller) open.delete(tab);
    setTimeout(() => {
      if (!open.has(tab)) onGone(tab);
    }, GRACE_MS);
  };

  const stream = (tab: string): ReadableStream => {
    let mine: ReadableStreamDefaultController;
    return new ReadableStream({
      start(controller) {
        mine = controller;
        open.set(tab, controller);
      },
      cancel: () => onCancel(tab, mine),
    });
  };

  return {
    covers: (url) => url.origin === location.origin && url.pathname.startsWith(folder + KEEPER_ROOT),
    respond(url) {
      const tab = url.pathname === folder + KEEP_ALIVE_PATH ? url.searchParams.get('tab') : null;
      const headers = {
        'cache-control': 'no-store',
        'content-type': KEEP_ALIVE_TYPE,
        'cross-origin-resource-policy': 'same-origin',
      };
      // A pulse needs no stream: its fetch event alone keeps the worker awake.
      return tab === null ? new Response(null, { status: 204, headers }) : new Response(stream(tab), { headers });
    },
    end() {
      for (const controller of open.values()) controller.close();
      open.clear();
    },
  };
};
