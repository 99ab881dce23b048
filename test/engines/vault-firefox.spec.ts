import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { sessionStateOf, snapshotOf } from '../support/page/keeper-page.ts';
import { MODELS } from '../support/page/page-fetch.ts';
import { atProvider } from '../support/page/sign-in.ts';
import { startVaultSite, type VaultSite } from '../support/sites/vault-site.ts';

/* The vault in Firefox, which does not say who embeds a document. test/browser/attacks/vault.spec.ts is the same in Chromium. */

let site: VaultSite;
test.beforeAll(async () => {
  site = await startVaultSite('firefox');
});
test.afterAll(() => site.stop());

const openApp = async (context: BrowserContext): Promise<Page> => {
  const page = await context.newPage();
  await page.goto(`${site.app}/inbox?folder=1#top`);
  await expect(page.locator('html[data-connected]')).toBeAttached({ timeout: 60_000 });
  return page;
};

const expectState = (page: Page, state: string): Promise<void> =>
  expect.poll(() => sessionStateOf(page), { timeout: 30_000 }).toBe(state);

const signIn = async (page: Page): Promise<void> => {
  await page.evaluate(() => void window.keeper.signIn({ kind: 'oidc' }));
  await atProvider(page);
  await page.waitForURL(`${site.app}/inbox?folder=1#top`);
  await expect(page.locator('html[data-connected]')).toBeAttached({ timeout: 60_000 });
  await expectState(page, 'active');
};

const models = (page: Page): Promise<number> =>
  page.evaluate(async (url) => (await fetch(url)).status, site.vault + MODELS);

test('a page whose session is in a vault signs in, sends, streams, listens, switches and signs out', async () => {
  test.setTimeout(180_000);
  const context = await site.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await openApp(context);
  await expectState(page, 'signed-out');
  await signIn(page);
  expect(await snapshotOf(page)).toMatchObject({ worker: { host: 'service-worker' } });
  expect(await models(page)).toBe(200);
  await page.reload();
  await expect(page.locator('html[data-connected]')).toBeAttached({ timeout: 60_000 });
  await expectState(page, 'active');
  expect(await models(page)).toBe(200);

  // A stream crosses the frame, and a socket's messages cross its port.
  const seen = await page.evaluate(async (vault) => {
    const { keeper } = window;
    const end = new AbortController();
    const streamed = await keeper.fetch(`${vault}/api/v1/media/stream`, { signal: end.signal });
    const first = await streamed.body?.getReader().read();
    end.abort();
    const socket = keeper.socket(`${vault.replace('https', 'wss')}/api/events`);
    const message = new Promise<string>((resolve) => {
      socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
        if (data.includes('"event"')) resolve(data);
      });
    });
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    const channel = keeper.channel('board');
    const saying = setInterval(() => void channel.publish({ n: 1 }), 500);
    const data = await message;
    clearInterval(saying);
    return { first: first?.value instanceof Uint8Array, data: (JSON.parse(data) as { data: unknown }).data };
  }, site.vault);
  expect(seen).toEqual({ first: true, data: { n: 1 } });

  const other = await openApp(context);
  await expectState(other, 'active');
  await page.evaluate(() => window.keeper.showSession('work'));
  for (const each of [page, other]) await expectState(each, 'signed-out');
  expect(await models(other)).toBe(401);
  await page.evaluate(() => window.keeper.showSession(''));
  for (const each of [page, other]) await expectState(each, 'active');
  await page.evaluate(() => window.keeper.signOut());
  await expectState(other, 'signed-out');
  await context.close();
});

test('a page that the vault does not list gets no session, and learns why', async () => {
  const context = await site.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(site.unlisted);
  await expect(page.locator('html[data-connected]')).toBeAttached({ timeout: 60_000 });
  expect((await snapshotOf(page)).session).toMatchObject({
    state: 'signed-out',
    problem: { code: 'no-worker', detail: expect.stringContaining('among its embedders?') as unknown },
  });
  await context.close();
});
