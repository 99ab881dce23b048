import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession } from '../../support/page/keeper-page.ts';
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

/* What docs/how-to/test-your-app.md says of mocks beside a worker. */

let site: EmbeddingSite;
test.beforeEach(async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
  site.serve('/', PLAIN_PAGE);
  site.serve('/sw.js', await keeperScript(embeddingConfig()));
});
test.afterEach(() => site.stop());

const notesOf = (page: Page): Promise<unknown> =>
  page.evaluate(async () => (await fetch('/api/notes')).json() as Promise<unknown>);

test("context.route answers the worker's request, which has the token", async ({ page, context }) => {
  const seen: (string | undefined)[] = [];
  await context.route('**/api/notes', async (route) => {
    seen.push(route.request().headers()['authorization']);
    await route.fulfill({ json: ['mocked'] });
  });
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);
  expect(await notesOf(page)).toEqual(['mocked']);
  expect(seen).toEqual([expect.stringMatching(/^Bearer /)]);
});

test('page.route does not see a request that the worker sends', async ({ page }) => {
  await page.route('**/api/notes', (route) => route.fulfill({ json: ['mocked'] }));
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);
  expect(await notesOf(page)).toEqual({ user: 'ann', name: 'notes' });
});

test('page.route answers where Playwright blocks workers, and the session runs in the page', async ({ browser }) => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  const json = JSON.stringify(embeddingConfig());
  site.serve('/', `${PLAIN_PAGE}<script type="application/json" id="session-keeper">${json}</script>`);
  await page.route('**/api/notes', (route) => route.fulfill({ json: ['mocked'] }));
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);
  await expectSession(page, 'active');
  expect(await page.evaluate(() => window.keeper.fetch('/api/notes').then((response) => response.json()))).toEqual([
    'mocked',
  ]);
  await context.close();
});

test('MSW at a scope of its own answers its pages, and the keeper those of the site', async ({ page }) => {
  // The script that `npx msw init` copies.
  const { readFile } = await import('node:fs/promises');
  site.serve('/mocked/mockServiceWorker.js', await readFile('node_modules/msw/lib/mockServiceWorker.js', 'utf8'));
  site.serve('/mocked/', PLAIN_PAGE);
  site.serve('/msw.js', await readFile('node_modules/msw/lib/iife/index.js', 'utf8'));
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);

  await page.goto(`${site.origin}/mocked/`);
  await page.addScriptTag({ url: '/msw.js' });
  const mocked = await page.evaluate(async () => {
    type Msw = {
      setupWorker(...handlers: unknown[]): { start(options: object): Promise<unknown> };
      http: { get(path: string, resolver: () => Response): unknown };
    };
    const { setupWorker, http } = (window as unknown as { MockServiceWorker: Msw }).MockServiceWorker;
    const worker = setupWorker(http.get('/api/notes', () => Response.json(['by msw'])));
    const serviceWorker = { url: '/mocked/mockServiceWorker.js', options: { scope: '/mocked/' } };
    await worker.start({ serviceWorker, quiet: true, onUnhandledRequest: 'bypass' });
    return (await fetch('/api/notes')).json() as Promise<unknown>;
  });
  expect(mocked).toEqual(['by msw']);

  await page.goto(site.origin);
  await connectSite(page, '/sw.js');
  await expectSession(page, 'active');
  expect(await notesOf(page)).toEqual({ user: 'ann', name: 'notes' });
});
