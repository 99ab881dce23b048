import { PrecacheController } from 'workbox-precaching/PrecacheController';
import type { WorkboxPlugin } from 'workbox-core/types';

declare const self: ServiceWorkerGlobalScope;

export type ShellEntry = { url: string; revision: string | null; integrity: string };

/** Paths that are the server's business even for a document. */
const NOT_THE_APP = ['/api/', '/lab/'];

const digest = async (bytes: ArrayBuffer): Promise<string> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
};

type DocumentHeaders = Readonly<Record<string, string>>;

/** What a proxy before the server may have added for pages that are isolated; who adds it falsely gains nothing. */
const EMBEDDER = 'cross-origin-embedder-policy';

const headersOf = (cached: Response, baked: DocumentHeaders | undefined): HeadersInit => {
  const embedder = cached.headers.get(EMBEDDER);
  if (!baked) return cached.headers;
  return embedder === null ? baked : { [EMBEDDER]: embedder, ...baked };
};

/**
 * Page script can write the Cache API, so a cached document is a place to hide in for good (measured). What does not
 * match the hash in this script is not served; the network is asked instead. What is served are the very bytes that
 * were hashed: as bytes they are handed over whole, so a worker that dies while a page reads them takes nothing away.
 * A hash says nothing of headers: a document under others would be framed, led elsewhere, or run what its policy forbids.
 */
const verified = (
  integrity: ReadonlyMap<string, string>,
  document: string,
  baked: DocumentHeaders | undefined,
): WorkboxPlugin => ({
  cachedResponseWillBeUsed: async ({ request, cachedResponse }) => {
    if (!cachedResponse) return null;
    const url = new URL(request.url);
    url.searchParams.delete('__WB_REVISION__');
    const bytes = await cachedResponse.arrayBuffer();
    if (integrity.get(url.pathname) !== (await digest(bytes))) return null;
    return new Response(
      bytes,
      url.pathname === document ? { headers: headersOf(cachedResponse, baked) } : cachedResponse,
    );
  },
});

const unlessFull = (error: unknown): void => {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') throw error;
};

/** A full disk must not cost the session its worker: the shell then comes from the network. */
const lenient = (event: ExtendableEvent): ExtendableEvent =>
  // All that workbox asks of the event; without its type it would fetch the shell and keep nothing of it.
  ({
    type: event.type,
    waitUntil: (work: Promise<unknown>) => event.waitUntil(work.catch(unlessFull)),
  }) as ExtendableEvent;

/** The app shell: installed with the worker, there without a network. `headers` are those of the document. */
export const serveAppShell = (entries: readonly ShellEntry[], document: string, headers?: DocumentHeaders): void => {
  const integrity = new Map(entries.map(({ url, integrity: hash }) => [url, hash]));
  const controller = new PrecacheController({ plugins: [verified(integrity, document, headers)] });
  controller.addToCacheList([...entries]);
  if (!integrity.has(document)) return;
  const serveDocument = controller.createHandlerBoundToURL(document);

  self.addEventListener('install', (event) => void controller.install(lenient(event)).catch(unlessFull));
  self.addEventListener('activate', (event) => void controller.activate(event));
  self.addEventListener('fetch', (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.origin !== location.origin) return;
    if (request.mode === 'navigate') {
      if (NOT_THE_APP.some((path) => url.pathname.startsWith(path))) return;
      event.respondWith(serveDocument({ event, request, url }));
    } else if (integrity.has(url.pathname)) {
      event.respondWith(controller.strategy.handle({ event, request }));
    }
  });
};
