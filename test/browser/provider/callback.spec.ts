import { documentOf, watchDocument } from '../../support/browser/document.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn } from '../../support/page/sign-in.ts';

/** The callback of a sign-in that did not start here. */
const FOREIGN_CALLBACK = '/auth/callback?code=foreign-code&state=foreign-state';

test('refuses a callback with an unknown state and removes it from the URL [callback-unknown-state]', async ({
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

test('keeps the session when a callback with an unknown state arrives [callback-keeps-session]', async ({
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

test('refuses the second use of a callback and keeps the session of the first [callback-replayed]', async ({
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
  if (callback === undefined) throw new Error('The provider did not redirect back.');
  const document = await documentOf(page);
  await page.goto(callback);
  expect(page.url()).toBe(`${app.origin}/`);
  expect(await documentOf(page)).not.toBe(document);
  await seesSignedIn(page);
  expect(await fetchOnce(page)).toBe(200);
});

test('shows that the sign-in was cancelled, and allows another, when the user cancels at the provider', async ({
  page,
  app,
}) => {
  await page.goto(app.origin);
  await page.getByRole('button', { name: 'Continue with single sign-on' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${app.origin}/`);
  await expect(page.getByRole('region', { name: 'Sign in' })).toContainText('You cancelled.');
  await signIn(page, app.origin, 'oidc');
});

test('removes a callback from the URL when no worker is installed yet', async ({ page, app }) => {
  await page.goto(app.origin + FOREIGN_CALLBACK);
  await page.waitForURL(`${app.origin}/`);
  await expect(page.getByRole('region', { name: 'Sign in' })).toBeVisible();
});
