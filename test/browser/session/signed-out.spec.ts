import type { Page } from '@playwright/test';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import { documentOf } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { SIGN_IN_KINDS, signIn } from '../../support/page/sign-in.ts';

/** Where a backend of our own is told; the provider is told at its own origin, which keeps no log. */
const TOLD: Partial<Record<SignInKind, string>> = { password: '/api/v1/auth/logout', ticket: '/api/auth/logout' };

const signOutByHand = (page: Page): Promise<void> => page.getByRole('button', { name: 'Sign out' }).click();

const wasTold = async (lab: FaultClient, path: string): Promise<boolean> =>
  (await lab.log()).some((entry) => entry.path === path && entry.status === 204);

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

for (const kind of SIGN_IN_KINDS) {
  test(`${kind}: whoever signs out is signed out in all tabs, and the server knows [sign-out-all-tabs]`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const other = await context.newPage();
    await openKeeper(other, app.origin);
    const documents = [await documentOf(page), await documentOf(other)];
    await signOutByHand(page);
    for (const tab of [page, other]) {
      await expect(tab.getByRole('heading', { name: 'Sign in' })).toBeVisible();
      expect((await snapshotOf(tab)).session).toMatchObject({ state: 'signed-out', reason: 'user' });
      // a cookie is good until the server has heard of it
      await expect.poll(() => fetchOnce(tab)).toBe(401);
    }
    expect([await documentOf(page), await documentOf(other)]).toEqual(documents);
    const path = TOLD[kind];
    if (path !== undefined) await expect.poll(() => wasTold(lab, path)).toBe(true);
  });
}

test('password: a sign-out without a network counts at once, and the server is told when it is back [sign-out-offline]', async ({
  page,
  context,
  app,
  lab,
}) => {
  await signIn(page, app.origin, 'password');
  await context.setOffline(true);
  await signOutByHand(page);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(await wasTold(lab, '/api/v1/auth/logout')).toBe(false);
  await context.setOffline(false);
  await expect.poll(() => wasTold(lab, '/api/v1/auth/logout')).toBe(true);
});
