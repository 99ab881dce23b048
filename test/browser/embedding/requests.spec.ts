import { hardReload } from '../../support/browser/hard-reload.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { checkMarkup } from '../../support/sites/markup.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import {
  connectSite,
  embeddingConfig,
  keeperScript,
  openSite,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';

let site: EmbeddingSite;
test.beforeEach(async ({ page, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
  const config = embeddingConfig('/', {
    api: [{ origin: 'self', path: '/api/', public: ['/api/public/'], media: ['/api/media/'] }],
  });
  site.serve('/orders/7', PLAIN_PAGE);
  site.serve('/keeper-sw.js', `${await keeperScript(config)}\naddEventListener('activate', () => clients.claim());`);
  await openSite(page, `${site.origin}/orders/7`, '/keeper-sw.js');
  await signInSite(page);
  // The backend's check after the sign-in is a request too.
  await expect.poll(async () => (await snapshotOf(page)).session).toHaveProperty('verifiedAt');
  await expect.poll(() => site.received.some(({ path }) => path === '/api/me')).toBe(true);
  site.received.length = 0;
});
test.afterEach(() => site.stop());

test('authorizes requests of markup in Chromium as the table shows [markup-chromium]', async ({ page, complaints }) => {
  complaints.expect(/MIME type|font|Manifest|manifest|module|401/);
  await checkMarkup(page, site, 'chromium');
});

test('shows the pictures of a page that a hard reload left without a worker [hard-reload-pictures]', async ({
  page,
}) => {
  const refused: number[] = [];
  site.serve('/api/media/picture.svg', ({ headers }, response) => {
    const isGood = headers.authorization !== undefined;
    if (!isGood) refused.push(response.statusCode);
    response.writeHead(isGood ? 200 : 401, { 'content-type': isGood ? 'image/svg+xml' : 'text/plain' });
    response.end('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"/>');
  });
  site.serve('/gallery', `${PLAIN_PAGE}<img src="/api/media/picture.svg"><img srcset="/api/media/picture.svg?2 1x">`);
  const widths = (): Promise<number[]> =>
    page.evaluate(() => Array.from(document.images, ({ naturalWidth }) => naturalWidth));
  await page.goto(`${site.origin}/gallery`);
  await expect.poll(widths).toEqual([4, 4]);
  expect(refused).toEqual([]);
  await hardReload(page);
  await expect.poll(() => refused.length).toBeGreaterThan(0);
  await connectSite(page, '/keeper-sw.js');
  await expect.poll(widths).toEqual([4, 4]);
});

test('authorizes an encoded slash inside a rule, and explains one that leads out once in the console [encoded-slash]', async ({
  page,
}) => {
  const notes: string[] = [];
  page.context().on('console', (message) => notes.push(message.text()));
  expect(await fetchOnce(page, '/api/projects/group%2Fapp')).toBe(200);
  expect(await fetchOnce(page, '/api/..%2Fadmin')).toBe(401);
  expect(await fetchOnce(page, '/api/..%2Fadmin')).toBe(401);
  await expect.poll(() => notes.filter((note) => note.includes('would leave config.api'))).toHaveLength(1);
});

test('leaves public paths and requests without credentials alone, also while degraded [public-paths]', async ({
  page,
}) => {
  const statuses = async (): Promise<unknown> => [
    await fetchOnce(page, '/api/public/status'),
    await page.evaluate(async () => (await fetch('/api/me', { credentials: 'omit' })).status),
    await page.evaluate(async () => (await fetch('/api/public/errors', { method: 'POST', body: 'trace' })).status),
  ];
  expect(await statuses()).toEqual([200, 401, 200]);
  site.serve('/api/refresh', (_, response) => void response.writeHead(503, { 'retry-after': '60' }).end());
  site.revoke();
  expect(await fetchOnce(page, '/api/items')).toBe('network error');
  await expectSession(page, 'degraded');
  site.received.length = 0;
  expect(await statuses()).toEqual([200, 401, 200]);
  expect(site.received.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined]);
});

test("keeps the page's referrer and referrer policy [page-referrer]", async ({ page }) => {
  await page.evaluate(async () => {
    for (const init of [
      {},
      { referrerPolicy: 'no-referrer' },
      { referrerPolicy: 'origin' },
      { referrer: '/other' },
    ] as const)
      await fetch('/api/me', init);
  });
  expect(site.received.map(({ referer }) => referer)).toEqual([
    `${site.origin}/orders/7`,
    undefined,
    `${site.origin}/`,
    `${site.origin}/other`,
  ]);
});

/** A site's worker that keeps answers of its API for reading without a network. */
const NETWORK_FIRST = `self.__SESSION_KEEPER__.respond = ({ request }, send) =>
  request.url.includes('/api/mocked')
    ? Promise.resolve(Response.json({ mocked: true }))
    : request.method === 'GET' && request.url.includes('/api/items')
      ? send(request).then(async (answer) => {
          await (await caches.open('data')).put(request, answer.clone());
          return answer;
        }, () => caches.match(request))
      : undefined;`;

test('lets a site cache or mock what the keeper authorizes [respond-cache]', async ({ page, context }) => {
  const [configuration = '', ...code] = (await keeperScript(embeddingConfig())).split('\n');
  const script = [configuration, NETWORK_FIRST, ...code].join('\n');
  site.serve('/offline/', PLAIN_PAGE);
  site.serve('/offline/sw.js', `${script}\naddEventListener('activate', () => clients.claim());`);
  site.serve('/offline/keeper-pulse.js', '');
  await openSite(page, `${site.origin}/offline/`, '/offline/sw.js');
  await signInSite(page);
  expect(await fetchOnce(page, '/api/items')).toBe(200);
  expect(await fetchOnce(page, '/api/mocked')).toBe(200);
  expect(await fetchOnce(page, '/api/me')).toBe(200);
  const items = site.received.filter(({ path }) => path === '/api/items');
  expect(items.map(({ authorization }) => authorization !== undefined)).toEqual([true]);
  expect(site.received.map(({ path }) => path)).not.toContain('/api/mocked');
  await context.setOffline(true);
  expect(await fetchOnce(page, '/api/items')).toBe(200);
  expect(await fetchOnce(page, '/api/me')).toBe('network error');
});
