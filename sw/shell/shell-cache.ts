import { PrecacheController } from 'workbox-precaching/PrecacheController';
import type { WorkboxPlugin } from 'workbox-core/types';
import { createStallWatch, type StallWatch } from './stall-watch.ts';

export type ShellEntry = { url: string; revision: string | null; integrity: string };

const digest = async (bytes: ArrayBuffer): Promise<string> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
};

/** How long an installation waits while no file arrives. All three waits fit into the 20 s that a page waits for it. */
const STALL_MS = 8_000;
const LAST_STALL_MS = 3_000;

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

/** The installation decides itself which failures count, and for how long it waits. */
const tolerant = (event: ExtendableEvent): ExtendableEvent =>
  // Workbox uses only these two members. Without `type` it would fetch the shell and cache nothing.
  ({ type: event.type, waitUntil: (work: Promise<unknown>) => void work.catch(() => undefined) }) as ExtendableEvent;

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
  const controllerOf = (list: readonly ShellEntry[], ...more: readonly WorkboxPlugin[]): PrecacheController => {
    const made = new PrecacheController({ plugins: [verified(integrity, document, headers), ...more] });
    made.addToCacheList([...list]);
    return made;
  };
  const controller = controllerOf(entries);
  /** Returns the entries that it could not store. A full disk stores none, and another try would not help. */
  const storeAll = async (
    list: readonly ShellEntry[],
    event: ExtendableEvent,
    watch: StallWatch,
  ): Promise<readonly ShellEntry[]> => {
    const missing: ShellEntry[] = [];
    const store = async (entry: ShellEntry): Promise<void> => {
      try {
        await watch.run(controllerOf([entry], watch.plugin).install(tolerant(event)));
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'QuotaExceededError') missing.push(entry);
      }
    };
    await Promise.all(list.map(store));
    watch.end();
    return missing;
  };
  /**
   * A file that a proxy changes, or that the server lacks, comes from the network at each use, as on a full disk: without
   * the worker no one could sign in. Without a network the installation fails, and the browser tries it again later.
   */
  const install = async (event: ExtendableEvent): Promise<void> => {
    const missing = await storeAll(entries, event, createStallWatch(STALL_MS));
    if (missing.length === 0) return;
    const lacking = await storeAll(missing, event, createStallWatch(STALL_MS, 'reload'));
    const watch = createStallWatch(LAST_STALL_MS);
    try {
      await Promise.all(lacking.map(({ url }) => fetch(url, { method: 'HEAD', signal: watch.signal })));
    } finally {
      watch.end();
    }
  };
  const serveDocument = controller.createHandlerBoundToURL(document);
  return {
    install,
    activate: (event) => controller.activate(event),
    document: (event) => serveDocument({ event, request: event.request, url: new URL(event.request.url) }),
    file: (event) => controller.strategy.handle({ event, request: event.request }),
  };
};
