import { documentOf, watchDocument } from '../../support/browser/document.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn } from '../../support/page/sign-in.ts';

/** A sign-in that nobody here began. */
const FOREIGN_CALLBACK = '/auth/callback?code=foreign-code&state=foreign-state';

test('a callback that nobody asked for is refused, and its address cleaned [callback-unknown-state]', async ({
  page,
  app,
}) => {
  await openKeeper(page, app.origin);
  await page.goto(app.origin + FOREIGN_CALLBACK);
  expect(page.url()).toBe(`${app.origin}/`);
  await connectKeeper(page);
  const problem = { code: 'sign-in-refused', error: 'unknown state' };
  await expect.poll(async () => (await snapshotOf(page)).session).toMatchObject({ state: 'signed-out', problem });
  await expect(page.getByRole('region', { name: 'Sign in' })).toContainText('The sign-in was refused.');
});

test('a callback that nobody asked for costs nobody the session that is there [callback-keeps-session]', async ({
  page,
  context,
  app,
}) => {
  await signIn(page, app.origin, 'oidc');
  const document = await watchDocument(page);
  const other = await context.newPage();
  await other.goto(app.origin + FOREIGN_CALLBACK);
  expect(other.url()).toBe(`${app.origin}/`);
  await seesSignedIn(other);
  expect(await fetchOnce(other)).toBe(200);
  await document.expect();
});

test('a second use of a callback is refused, and the session of the first stays [callback-replayed]', async ({
  page,
  context,
  app,
}) => {
  const callbacks: string[] = [];
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === '/auth/callback') callbacks.push(request.url());
  });
  await signIn(page, app.origin, 'oidc');
  const [callback] = callbacks;
  if (callback === undefined) throw new Error('The provider sent nobody back.');
  const document = await documentOf(page);
  await page.goto(callback);
  expect(page.url()).toBe(`${app.origin}/`);
  expect(await documentOf(page)).not.toBe(document);
  await seesSignedIn(page);
  expect(await fetchOnce(page)).toBe(200);
});

test('whoever cancels at the provider is told so at home, and can try again', async ({ page, app }) => {
  await page.goto(app.origin);
  await page.getByRole('button', { name: 'Continue with single sign-on' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${app.origin}/`);
  await expect(page.getByRole('region', { name: 'Sign in' })).toContainText('You cancelled.');
  await signIn(page, app.origin, 'oidc');
});

test('a callback that comes before there is a worker leaves the address too', async ({ page, app }) => {
  await page.goto(app.origin + FOREIGN_CALLBACK);
  await page.waitForURL(`${app.origin}/`);
  await expect(page.getByRole('region', { name: 'Sign in' })).toBeVisible();
});
