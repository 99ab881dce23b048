import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import { documentOf } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { SIGN_IN_KINDS, signIn, signOutByHand } from '../../support/page/sign-in.ts';

/** Log-out routes of the demo backend. The provider has its own origin, which keeps no log. */
const LOGOUT_PATHS: Partial<Record<SignInKind, string>> = {
  password: '/api/v1/auth/logout',
  ticket: '/api/auth/logout',
};

const wasNotified = async (lab: FaultClient, path: string): Promise<boolean> =>
  (await lab.log()).some((entry) => entry.path === path && entry.status === 204);

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

for (const kind of SIGN_IN_KINDS) {
  test(`${kind}: signs out in all tabs and at the server [sign-out-all-tabs]`, async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, kind);
    const other = await context.newPage();
    await openKeeper(other, app.origin);
    const documents = [await documentOf(page), await documentOf(other)];
    await signOutByHand(page);
    for (const tab of [page, other]) {
      await expect(tab.getByRole('heading', { name: 'Sign in' })).toBeVisible();
      expect((await snapshotOf(tab)).session).toMatchObject({ state: 'signed-out', reason: 'user' });
      // A cookie works until the server knows of the sign-out.
      await expect.poll(() => fetchOnce(tab)).toBe(401);
    }
    expect([await documentOf(page), await documentOf(other)]).toEqual(documents);
    const path = LOGOUT_PATHS[kind];
    if (path !== undefined) await expect.poll(() => wasNotified(lab, path)).toBe(true);
  });
}

test('signs out at once without a network, and notifies the server when it is back [sign-out-offline]', async ({
  page,
  context,
  app,
  lab,
}) => {
  await signIn(page, app.origin, 'password');
  await context.setOffline(true);
  await signOutByHand(page);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(await wasNotified(lab, '/api/v1/auth/logout')).toBe(false);
  await context.setOffline(false);
  await expect.poll(() => wasNotified(lab, '/api/v1/auth/logout')).toBe(true);
});
