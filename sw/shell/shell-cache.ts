import { PrecacheController } from 'workbox-precaching/PrecacheController';
import type { WorkboxPlugin } from 'workbox-core/types';

export type ShellEntry = { url: string; revision: string | null; integrity: string };

const digest = async (bytes: ArrayBuffer): Promise<string> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
};

type DocumentHeaders = Readonly<Record<string, string>>;

/** A proxy before the server may add it for isolated pages. To forge it in the cache gains an attacker nothing. */
const EMBEDDER = 'cross-origin-embedder-policy';

const headersOf = (cached: Response, injected: DocumentHeaders | undefined): HeadersInit => {
  const embedder = cached.headers.get(EMBEDDER);
  if (!injected) return cached.headers;
  return embedder === null ? injected : { [EMBEDDER]: embedder, ...injected };
};

/**
 * Page script can write the Cache API, so an attacker could persist in a cached document (measured). A file whose hash
 * does not match this script comes from the network instead. The response has the hashed bytes themselves, so it stays
 * complete when the worker dies while a page reads it.
 * The hash does not cover headers. With forged ones a document could be framed, redirected, or run forbidden script. So
 * the document gets the injected headers.
 */
const verified = (
  integrity: ReadonlyMap<string, string>,
  document: string,
  injected: DocumentHeaders | undefined,
): WorkboxPlugin => ({
  cachedResponseWillBeUsed: async ({ request, cachedResponse }) => {
    if (!cachedResponse) return null;
    const url = new URL(request.url);
    url.searchParams.delete('__WB_REVISION__');
    const bytes = await cachedResponse.arrayBuffer();
    if (integrity.get(url.pathname) !== (await digest(bytes))) return null;
    return new Response(
      bytes,
      url.pathname === document ? { headers: headersOf(cachedResponse, injected) } : cachedResponse,
    );
  },
});

const unlessFull = (error: unknown): void => {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') throw error;
};

/** A full disk must not prevent the installation: without a cache, the shell comes from the network. */
const lenient = (event: ExtendableEvent): ExtendableEvent =>
  // Workbox uses only these two members. Without `type` it would fetch the shell and cache nothing.
  ({
    type: event.type,
    waitUntil: (work: Promise<unknown>) => event.waitUntil(work.catch(unlessFull)),
  }) as ExtendableEvent;

export type ShellOptions = {
  entries: readonly ShellEntry[];
  /** URL of the document that all navigations get. */
  document: string;
  /** Headers of that document. */
  headers?: DocumentHeaders | undefined;
};

/** The cached app shell. Each method takes the event during whose dispatch, or whose `waitUntil`, it runs. */
export type ShellCache = {
  install(event: ExtendableEvent): Promise<unknown>;
  activate(event: ExtendableEvent): Promise<unknown>;
  document(event: FetchEvent): Promise<Response>;
  file(event: FetchEvent): Promise<Response>;
};

export const createShellCache = ({ entries, document, headers }: ShellOptions): ShellCache => {
  const integrity = new Map(entries.map(({ url, integrity: hash }) => [url, hash]));
  const controller = new PrecacheController({ plugins: [verified(integrity, document, headers)] });
  controller.addToCacheList([...entries]);
  const serveDocument = controller.createHandlerBoundToURL(document);
  return {
    install: (event) => controller.install(lenient(event)).catch(unlessFull),
    activate: (event) => controller.activate(event),
    document: (event) => serveDocument({ event, request: event.request, url: new URL(event.request.url) }),
    file: (event) => controller.strategy.handle({ event, request: event.request }),
  };
};
