import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { connectKeeper, expectSession, signInBy, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';

test('installs the shipped worker when a proxy adds something to the document', async ({
  page,
  context,
  app,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, /integrity/);
  let changed = 0;
  await context.route(/\/(index\.html)?(\?.*)?$/, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    changed += 1;
    await route.fulfill({ response, body: text.replace('</body>', '<!-- added on the way --></body>') });
  });
  await page.goto(app.origin);
  await connectKeeper(page);
  expect((await snapshotOf(page)).worker.host).toBe('service-worker');
  await signInBy(page, { kind: 'password', username: 'demo', password: 'demo' });
  await page.reload();
  await connectKeeper(page);
  await expectSession(page, 'active');
  expect(await fetchOnce(page)).toBe(200);
  expect(await page.content()).toContain('added on the way');
  expect(changed).toBeGreaterThan(1);
});

test('asks proxies to leave the documents as they are', async ({ page, app }) => {
  const response = await page.request.get(app.origin);
  expect(response.headers()['cache-control']).toBe('no-cache, no-transform');
});

test('lets the shipped worker be updated again after only the cookies were cleared [cookies-cleared]', async ({
  page,
  context,
  app,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await page.goto(app.origin);
  await connectKeeper(page);
  await context.clearCookies();
  const isServed = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      return registration?.update().then(
        () => true,
        () => false,
      );
    });
  expect(await isServed()).toBe(false);
  await page.reload();
  await expect.poll(isServed, { timeout: 60_000 }).toBe(true);
});
