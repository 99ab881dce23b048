import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
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

let site: EmbeddingSite;
test.beforeEach(async ({ page, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
  const config = embeddingConfig('/', { api: [{ origin: 'self', path: '/api/', public: ['/api/public/'] }] });
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

test('authorizes no ping and no prefetch of markup, and authorizes a beacon of script', async ({ page }) => {
  await page.evaluate(() => {
    document.body.innerHTML = '<a href="#x" ping="/api/ping">x</a><link rel="prefetch" href="/api/prefetched">';
    document.querySelector('a')?.click();
    navigator.sendBeacon('/api/beacon', 'left');
  });
  const paths = ['/api/beacon', '/api/ping', '/api/prefetched'];
  await expect.poll(() => site.received.map(({ path }) => path).toSorted()).toEqual(paths);
  const authorized = site.received.filter(({ authorization }) => authorization !== undefined);
  expect(authorized.map(({ path }) => path)).toEqual(['/api/beacon']);
});

test('authorizes an encoded slash inside a rule, and explains one that leads out once in the console', async ({
  page,
}) => {
  const notes: string[] = [];
  page.context().on('console', (message) => notes.push(message.text()));
  expect(await fetchOnce(page, '/api/projects/group%2Fapp')).toBe(200);
  expect(await fetchOnce(page, '/api/..%2Fadmin')).toBe(401);
  expect(await fetchOnce(page, '/api/..%2Fadmin')).toBe(401);
  await expect.poll(() => notes.filter((note) => note.includes('would leave the rule'))).toHaveLength(1);
});

test('leaves public paths and requests without credentials alone', async ({ page }) => {
  expect(await fetchOnce(page, '/api/public/status')).toBe(200);
  expect(await page.evaluate(async () => (await fetch('/api/me', { credentials: 'omit' })).status)).toBe(401);
  expect(site.received.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
});

test("keeps the page's referrer and referrer policy", async ({ page }) => {
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

test('lets a site cache or mock what the keeper authorizes [respond]', async ({ page, context }) => {
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
