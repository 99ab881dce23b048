import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from '@playwright/test';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import {
  embeddingConfig,
  keeperScript,
  openSite,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';

/*
 * A site's own handlers for paths that the keeper authorizes: runtime caching and background sync of Workbox, and mocks
 * of MSW, all in one worker. docs/how-to/embed-in-a-site.md has the same code.
 */

const LIBRARIES = {
  '/vendor/workbox-core.js': 'workbox-core/build/workbox-core.prod.js',
  '/vendor/workbox-strategies.js': 'workbox-strategies/build/workbox-strategies.prod.js',
  '/vendor/workbox-background-sync.js': 'workbox-background-sync/build/workbox-background-sync.prod.js',
  '/vendor/msw.js': 'msw/lib/iife/index.js',
};

const HANDLERS = `
// MSW keeps cookies there, and a worker has none.
self.localStorage = { getItem: () => null, setItem() {}, removeItem() {} };
importScripts(${Object.keys(LIBRARIES)
  .map((path) => `'${path}'`)
  .join(', ')});

/** A strategy of Workbox whose requests have authorization. */
const authorized = (Strategy, options, send) =>
  new (class extends Strategy {
    _handle(request, handler) {
      handler.fetch = (input) => send(new Request(input));
      return super._handle(request, handler);
    }
  })(options);

const orders = new workbox.backgroundSync.Queue('orders', {
  async onSync({ queue }) {
    // A worker that dies between the two sends a request twice. In the other order it would lose it.
    for (const { request } of await queue.getAll()) {
      await sessionKeeper.fetch(request);
      await queue.shiftRequest();
    }
  },
});

const { http, HttpResponse, getResponse } = MockServiceWorker;
const mocks = [http.get('*/api/mocked/:id', ({ params }) => HttpResponse.json({ mocked: params.id }))];

self.__SESSION_KEEPER__.respond = (event, send) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (pathname === '/api/items')
    return authorized(workbox.strategies.NetworkFirst, { cacheName: 'items' }, send).handle(event);
  if (pathname === '/api/catalogue')
    return authorized(workbox.strategies.StaleWhileRevalidate, { cacheName: 'items' }, send).handle(event);
  if (pathname === '/api/orders' && request.method === 'POST')
    return send(request.clone()).catch(async () => {
      await orders.pushRequest({ request });
      return new Response(null, { status: 202 });
    });
  if (pathname.startsWith('/api/mocked/')) return getResponse(mocks, request.clone());
  if (pathname === '/api/copied') return send(new Request(request));
  if (pathname === '/api/elsewhere') return send(new Request('/outside/elsewhere', { method: 'POST' }));
};
`;

const CONFIG = embeddingConfig('/', { api: [{ origin: 'self', path: '/api/', media: ['/api/'] }] });

let site: EmbeddingSite;
let outside: (string | undefined)[];
test.beforeEach(async ({ page, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
  outside = [];
  site.serve('/', PLAIN_PAGE);
  site.serve('/outside/elsewhere', (request, response) => {
    outside.push(request.headers.authorization);
    response.end('{}');
  });
  for (const [path, file] of Object.entries(LIBRARIES))
    site.serve(path, await readFile(`node_modules/${file}`, 'utf8'));
  const [configuration = '', ...code] = (await keeperScript(CONFIG)).split('\n');
  site.serve('/sw.js', [configuration, HANDLERS, ...code].join('\n'));
  await openSite(page, site.origin, '/sw.js');
  expect(await signInSite(page)).toMatchObject({ ok: true });
});
test.afterEach(() => site.stop());

const sentTo = (path: string) => site.received.filter((request) => request.path === path);
const authorizedAt = (path: string): boolean[] => sentTo(path).map(({ authorization }) => authorization !== undefined);

/** What the browser does when the network is back, which an emulated network does not make it do. */
const fireSync = async (page: Page, context: BrowserContext, tag: string): Promise<void> => {
  const session = await context.newCDPSession(page);
  const registration = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [found] = registrations.filter(({ isDeleted }) => !isDeleted);
      if (found) resolve(found.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.dispatchSyncEvent', {
    ...{ origin: site.origin, registrationId: await registration, tag, lastChance: false },
  });
  await session.detach();
};

const read = (page: Page, path: string): Promise<unknown> =>
  page.evaluate(async (url) => (await fetch(url)).json() as Promise<unknown>, path);

test('runtime caching of Workbox keeps what the keeper authorizes, and answers without a network [workbox-caching]', async ({
  page,
  context,
}) => {
  for (const path of ['/api/items', '/api/catalogue']) {
    expect(await read(page, path)).toEqual({ user: 'ann', name: path.slice('/api/'.length) });
    await expect.poll(() => authorizedAt(path)).toEqual([true]);
  }
  await context.setOffline(true);
  for (const path of ['/api/items', '/api/catalogue'])
    expect(await read(page, path)).toEqual({ user: 'ann', name: path.slice('/api/'.length) });
  expect(await fetchOnce(page, '/api/me')).toBe('network error');
});

test('background sync of Workbox sends a queued request with the token of a new worker [workbox-sync]', async ({
  page,
  context,
}) => {
  let isDown = false;
  let answered = 0;
  // An emulated network would stay away in a worker that starts just before it is back.
  site.serve('/api/orders', (request, response) => {
    if (isDown) return void request.socket.destroy();
    answered += 1;
    response.end('{}');
  });
  const order = (): Promise<number> =>
    page.evaluate(async () => (await fetch('/api/orders', { method: 'POST', body: '{"count":3}' })).status);
  expect(await order()).toBe(200);
  isDown = true;
  expect(await order()).toBe(202);
  await killWorkers(page);
  isDown = false;
  // As the browser repeats a sync that failed. It may have begun one of its own, and send the order too.
  const syncAgain = async (): Promise<number> => {
    await fireSync(page, context, 'workbox-background-sync:orders');
    return answered;
  };
  await expect.poll(syncAgain, { timeout: 60_000, intervals: [2_000] }).toBeGreaterThan(1);
  expect(new Set(authorizedAt('/api/orders'))).toEqual(new Set([true]));
});

test('mocks of MSW answer in the worker, and the keeper answers what no mock is for [msw-respond]', async ({
  page,
}) => {
  expect(await read(page, '/api/mocked/7')).toEqual({ mocked: '7' });
  expect(sentTo('/api/mocked/7')).toEqual([]);
  expect(await read(page, '/api/mocked/7/parts')).toEqual({ user: 'ann', name: 'mocked/7/parts' });
  expect(authorizedAt('/api/mocked/7/parts')).toEqual([true]);
});

test('authorizes a copy of a request, which has lost its destination', async ({ page }) => {
  await page.evaluate(() => {
    const image = new Image();
    image.src = '/api/copied';
    return image.decode().catch(() => undefined);
  });
  expect(authorizedAt('/api/copied')).toEqual([true]);
});

test('sends no token outside the allow-list when the handler of a site sends a request there [respond-outside]', async ({
  page,
}) => {
  expect(await fetchOnce(page, '/api/elsewhere')).toBe(200);
  expect(outside).toEqual([undefined]);
});
