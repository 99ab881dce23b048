import type { Page } from '@playwright/test';
import type { App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startHostileSite } from '../../support/sites/hostile-site.ts';
import { connectKeeper, expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { createFaultClient } from '../../support/server/fault-client.ts';
import { startOtherOriginSite } from '../../support/sites/other-origin-site.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

let site: App;
test.beforeAll(async () => {
  site = await startHostileSite({ WORKER_SCRIPTS: '/own-worker.js' });
});
test.afterAll(() => site.stop());

declare global {
  interface Window {
    /** Each record of each database, with its place. */
    rows(): Promise<[string, string, IDBValidKey, unknown][]>;
    /** Writes a value in the place of that one. */
    rewrite(database: string, store: string, key: IDBValidKey, value: unknown): Promise<void>;
  }
}

const prepare = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
      });
    window.rows = async () => {
      const all: Awaited<ReturnType<typeof window.rows>> = [];
      for (const { name = '' } of await indexedDB.databases()) {
        const db = await done(indexedDB.open(name));
        for (const store of db.objectStoreNames) {
          const objects = db.transaction(store).objectStore(store);
          const [keys, values] = await Promise.all([done(objects.getAllKeys()), done(objects.getAll())]);
          keys.forEach((key, at) => all.push([name, store, key, values[at]]));
        }
        db.close();
      }
      return all;
    };
    window.rewrite = async (name, store, key, value) => {
      const db = await done(indexedDB.open(name));
      const objects = db.transaction(store, 'readwrite').objectStore(store);
      await done(objects.keyPath === null ? objects.put(value, key) : objects.put(value));
      db.close();
    };
  });

/** Tries each key of the databases on each of their ciphertexts, in each possible context. */
const openAll = (
  page: Page,
  bindings: readonly string[],
): Promise<{ sealed: number; keys: number; opened: string[] }> =>
  page.evaluate(async (prefixes) => {
    type Sealed = { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
    const keys: CryptoKey[] = [];
    const found: [context: string, sealed: Sealed][] = [];
    const look = (at: string, value: unknown): void => {
      if (value instanceof CryptoKey) keys.push(value);
      else if (typeof value === 'object' && value !== null) {
        if ('iv' in value && 'data' in value) found.push([at, value as Sealed]);
        for (const item of Object.values(value)) look(at, item);
      }
    };
    for (const [, store, key, value] of await window.rows()) look(store === 'session' ? 'session' : String(key), value);
    // Keys that a page can derive itself from likely secrets.
    for (const guess of ['', 'session-keeper', document.cookie, navigator.serviceWorker.controller?.scriptURL ?? '']) {
      const base = await crypto.subtle.importKey('raw', new TextEncoder().encode(guess), 'HKDF', false, ['deriveKey']);
      const info = new TextEncoder().encode('session-keeper seal');
      const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
      keys.push(await crypto.subtle.deriveKey(hkdf, base, { name: 'AES-GCM', length: 256 }, true, ['decrypt']));
    }
    const opened: string[] = [];
    const tries = keys.flatMap((key) => prefixes.map((prefix) => ({ key, prefix })));
    for (const [context, { iv, data }] of found)
      for (const { key, prefix } of tries) {
        const additionalData = new TextEncoder().encode(`${prefix}\n${context}`);
        const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, data).catch(() => null);
        if (plain) opened.push(new TextDecoder().decode(plain));
      }
    return { sealed: found.length, keys: keys.length, opened };
  }, bindings);

const GUESSES = 4;
/** What the records of the provider's sessions are bound to, and all others. */
const bindingsOf = ({ origin, provider }: App): readonly string[] => [
  `${origin} ${provider} session-keeper`,
  `${origin}  `,
];

for (const kind of TOKEN_KINDS) {
  test(`${kind}: stores no key in a database, and page script can open no record, with tier sealed [sealed-no-key]`, async ({
    page,
  }) => {
    await signIn(page, site.origin, kind);
    await prepare(page);
    const { sealed, keys, opened } = await openAll(page, bindingsOf(site));
    expect(sealed).toBeGreaterThan(kind === 'oidc' ? 1 : 0);
    expect({ keys, opened }).toEqual({ keys: GUESSES, opened: [] });
  });
}

test('reports tier compatible, and page script can open the record, when a site imports the worker [compatible-readable]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  // The documented limit of this tier. It is the control too: the attack above works when there is a key.
  await page.goto(`${site.origin}/plain.html`);
  await page.evaluate(async () => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as typeof import('../../../src/page/index.ts');
    window.keeper = await connect({ worker: '/own-worker.js' });
    await window.keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' });
  });
  await expectSession(page, 'active');
  expect((await snapshotOf(page)).tier).toBe('compatible');
  await prepare(page);
  const { keys, opened } = await openAll(page, bindingsOf(site));
  expect(keys).toBe(GUESSES + 1);
  expect(opened.join('\n')).toContain('refresh');
});

/** Writes the attacker's host into each text, adds endpoints with it to each row, and swaps ciphertexts. */
const rewriteAll = (page: Page, evil: string): Promise<number> =>
  page.evaluate(async (host) => {
    const twist = (value: unknown): unknown => {
      if (typeof value === 'string') return host;
      if (Array.isArray(value)) return value.map(twist);
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
        return value;
      const own = Object.entries(value).map(
        ([key, item]: [string, unknown]) => [key, key === 'key' ? item : twist(item)] as const,
      );
      const endpoints = ['issuer', 'token_endpoint', 'tokenEndpoint', 'whoami', 'origin', 'url', 'refresh', 'config'];
      return { ...Object.fromEntries(endpoints.map((name) => [name, host])), ...Object.fromEntries(own) };
    };
    const rows = await window.rows();
    const sealed = rows.flatMap(([, store, , value]) => (store === 'sealed' ? [value] : []));
    for (const [name, store, key, value] of rows) {
      const other = store === 'sealed' ? sealed.find((each) => each !== value) : undefined;
      await window.rewrite(name, store, key, other ?? twist(value));
    }
    return rows.length;
  }, evil);

for (const kind of TOKEN_KINDS) {
  test(`${kind}: sends no request to a host that page script wrote into the databases [endpoints-rewritten]`, async ({
    page,
    complaints,
  }) => {
    complaints.expect(FAILED_REQUEST);
    const lab = createFaultClient(site.origin);
    const evil = await startOtherOriginSite(() => '');
    try {
      await signIn(page, site.origin, kind);
      await prepare(page);
      const origins = new Set<string>();
      page.context().on('request', (request) => origins.add(new URL(request.url()).origin));
      expect(await rewriteAll(page, `${evil.origin}/token`)).toBeGreaterThan(2);
      await lab.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
      await expectSession(page, 'active');

      await prepare(page);
      await rewriteAll(page, `${evil.origin}/token`);
      await killWorkers(page);
      await page.reload();
      await connectKeeper(page);
      // The sealed bytes are intact and still open. The fields in clear do not decide where tokens go.
      await expectSession(page, 'active');
      expect(await fetchOnce(page)).toBe(200);
      expect((await snapshotOf(page)).tier).toBe('sealed');
      expect(evil.received).toEqual([]);
      expect([...origins].filter((origin) => origin !== site.origin && origin !== site.provider)).toEqual([]);
    } finally {
      await evil.close();
    }
  });
}

test('keeps the document’s headers when page script changes them in the Cache API [cache-headers]', async ({
  page,
  context,
}) => {
  await signIn(page, site.origin, 'password');
  const policy = (await page.reload())?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain('frame-src');
  const changed = await page.evaluate(async () => {
    let count = 0;
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const bytes = await (await cache.match(request))?.arrayBuffer();
        const evil = { 'content-type': 'text/html', refresh: '0; url=/api/v1/llm/models', 'x-evil': 'yes' };
        await cache.put(request, new Response(bytes ?? null, { headers: evil }));
        count += 1;
      }
    }
    return count;
  });
  expect(changed).toBeGreaterThan(0);
  await killWorkers(page);
  await context.setOffline(true);
  const response = await page.goto(`${site.origin}/somewhere`);
  expect(response?.fromServiceWorker()).toBe(true);
  expect(response?.headers()).toMatchObject({ 'content-security-policy': policy, 'x-frame-options': 'DENY' });
  expect(Object.keys(response?.headers() ?? {})).not.toContain('x-evil');
  await context.setOffline(false);
});

test('serves nothing that page script puts into the Cache API, online or offline [cache-poisoned]', async ({
  page,
  context,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, site.origin, 'password');
  const poisoned = await page.evaluate(async () => {
    const evil = (): Response =>
      new Response('<!doctype html><title>evil</title><script>window.evil = true</script>', {
        headers: { 'content-type': 'text/html' },
      });
    const addresses: string[] = [];
    for (const name of [...(await caches.keys()), 'evil']) {
      const cache = await caches.open(name);
      for (const { url } of await cache.keys()) {
        await cache.put(url, evil());
        addresses.push(url);
      }
      for (const path of ['/', '/index.html', '/auth/callback', '/api/v1/llm/models', '/keeper.js', '/sw.js'])
        await cache.put(path, evil());
    }
    return addresses;
  });
  expect(poisoned.some((url) => url.includes('/index.html'))).toBe(true);

  for (const path of ['/', '/index.html', '/somewhere', '/auth/callback?code=x&state=y']) {
    await page.goto(site.origin + path);
    expect(await page.title()).not.toBe('evil');
  }
  await connectKeeper(page);
  expect(await page.evaluate(async () => (await fetch('/api/v1/llm/models')).text())).toContain('"models"');
  for (const path of ['/keeper.js', '/index.html', '/manifest.webmanifest'])
    expect(await page.evaluate(async (url) => (await fetch(url)).text(), path)).not.toContain('evil');

  await context.setOffline(true);
  await page.goto(`${site.origin}/offline`).catch(() => undefined);
  // The browser's error page may still be loading.
  await expect.poll(() => page.content().catch(() => 'on the way')).not.toMatch(/evil|^on the way$/);
  await context.setOffline(false);
});
