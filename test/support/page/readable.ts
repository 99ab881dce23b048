import type { BrowserContext, Page } from '@playwright/test';

declare global {
  interface Window {
    /** The data of each message that a script of the page has read. */
    messages: unknown[];
  }
}

/** All text that script of this page can read, by its place. */
export type Readable = Readonly<Record<string, string>>;

/** Records messages for `readableBy`, from the next document on. */
export const keepMessages = async (context: BrowserContext): Promise<void> => {
  await context.addInitScript(() => {
    window.messages = [];
    const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
    Object.defineProperty(MessageEvent.prototype, 'data', {
      get(this: MessageEvent): unknown {
        const read: unknown = data?.get?.call(this);
        window.messages.push(read);
        return read;
      },
    });
  });
};

/** Reads storage of each kind, messages, the URL, timings, the document with its shadow roots, and scripts. */
export const readableBy = (page: Page): Promise<Readable> =>
  page.evaluate(async () => {
    const bytes = (buffer: ArrayBuffer): string => new TextDecoder('latin1').decode(buffer);
    const keyText = async (key: CryptoKey): Promise<string> =>
      key.extractable ? `extractable key ${JSON.stringify(await crypto.subtle.exportKey('jwk', key))}` : 'CryptoKey';
    const textOf = async (value: unknown): Promise<string> => {
      if (typeof value !== 'object' || value === null) return String(value);
      if (value instanceof ArrayBuffer) return bytes(value);
      if (ArrayBuffer.isView(value))
        return bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice().buffer);
      if (value instanceof Blob) return value.text();
      if (value instanceof CryptoKey) return keyText(value);
      const parts = await Promise.all(
        Object.entries(value).map(async ([key, item]) => `${key}: ${await textOf(item)}`),
      );
      return parts.join('\n');
    };
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result));
        request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB')));
      });
    const databases = async (): Promise<string> => {
      const texts: string[] = [];
      for (const { name } of await indexedDB.databases()) {
        const db = await done(indexedDB.open(name ?? ''));
        for (const store of db.objectStoreNames) {
          const objects = db.transaction(store).objectStore(store);
          const [keys, values] = await Promise.all([done(objects.getAllKeys()), done(objects.getAll())]);
          texts.push(`${name} ${store}`, await textOf(keys), await textOf(values));
        }
        db.close();
      }
      return texts.join('\n');
    };
    const cached = async (): Promise<string> => {
      const texts: string[] = [];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          const response = await cache.match(request);
          texts.push(request.url, await textOf([...(response?.headers ?? [])]), (await response?.text()) ?? '');
        }
      }
      return texts.join('\n');
    };
    const markup = (root: Document | ShadowRoot): string =>
      [...root.querySelectorAll('*')]
        .map((element) => `${element.outerHTML}${element.shadowRoot ? markup(element.shadowRoot) : ''}`)
        .join('\n');
    const script = async (url: string): Promise<string> => (await fetch(url, { cache: 'no-store' })).text();
    return {
      localStorage: JSON.stringify(localStorage),
      sessionStorage: JSON.stringify(sessionStorage),
      cookies: document.cookie,
      address: `${location.href} ${document.referrer} ${JSON.stringify(history.state)} ${document.title}`,
      timing: performance
        .getEntries()
        .map(({ name }) => name)
        .join('\n'),
      messages: await textOf(window.messages),
      snapshots: JSON.stringify(window.seen),
      journal: JSON.stringify(await window.keeper.journal()),
      IndexedDB: await databases(),
      caches: await cached(),
      document: markup(document),
      'worker script': await script('/sw.js'),
      'embeddable worker script': await script('/keeper-sw.js'),
    };
  });
