import type { Page } from '@playwright/test';
import { startDeployment } from '../../support/server/deployment.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { DEMO, expectSession, openKeeper, snapshotOf, useAppKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { atProvider, signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

declare global {
  interface Window {
    first: Promise<unknown>;
  }
}

/*
 * Kills at the points of a sign-in, a sign-out and an update that a browser lets us reach; all the others are reached
 * in the simulated world (test/core/session/session-crash.test.ts), those of a refresh in worker-killed.spec.ts.
 */

/** Longer than any test, so that only the kill ends the wait. */
const FOR_EVER_MS = 600_000;
/** A sign-in whose worker died over it is given up after this. */
const GIVEN_UP_WITHIN_MS = 15_000;

/** Begins something that asks the token endpoint, and kills the worker while it waits for the answer. */
const killWhileItAsks = async (
  page: Page,
  lab: FaultClient,
  point: 'hang' | 'lost',
  begin: () => Promise<unknown>,
): Promise<void> => {
  const { tokenRequests } = await lab.stats();
  await lab.add({ at: 'token', kind: point, ms: FOR_EVER_MS });
  await begin();
  await expect.poll(async () => (await lab.stats()).tokenRequests).toBeGreaterThan(tokenRequests);
  await lab.clear();
  await killWorkers(page);
};

for (const point of ['hang', 'lost'] as const) {
  const when = point === 'hang' ? 'before the server knew of it' : 'after the server let them in';

  test(
    `password: killed in a sign-in, ${when}: nobody is stuck, and the second try holds`,
    { tag: '@waits' },
    async ({ page, app, lab, complaints }) => {
      complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
      await openKeeper(page, app.origin);
      await killWhileItAsks(page, lab, point, () =>
        page.evaluate((intent) => {
          window.first = window.keeper.signIn(intent);
        }, DEMO),
      );
      expect(await page.evaluate(() => window.first), 'it is not sent twice').toMatchObject({
        ok: false,
        problem: { code: 'timeout' },
      });
      expect((await snapshotOf(page)).session).toMatchObject({ state: 'signed-out', reason: 'never' });
      expect(await page.evaluate((intent) => window.keeper.signIn(intent), DEMO)).toMatchObject({ ok: true });
      await expectSession(page, 'active');
      expect(await fetchOnce(page)).toBe(200);
    },
  );

  test(`oidc: killed while the code is redeemed, ${when}: nobody is stuck, and the second try holds`, async ({
    page,
    app,
    lab,
    complaints,
  }) => {
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    await openKeeper(page, app.origin);
    await killWhileItAsks(page, lab, point, async () => {
      await page.evaluate(() => void window.keeper.signIn({ kind: 'oidc' }));
      await atProvider(page);
      await page.waitForURL(`${app.origin}/`);
    });
    await useAppKeeper(page);
    await expectSession(page, 'signed-out', GIVEN_UP_WITHIN_MS);
    await expect(page.getByRole('button', { name: 'Continue with single sign-on' })).toBeEnabled();
    await signIn(page, app.origin, 'password');
    expect(await fetchOnce(page)).toBe(200);
  });
}

test('killed right after a sign-out: signed out it stays, and the tokens die', async ({
  page,
  app,
  lab,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  await signIn(page, app.origin, 'password');
  await page.evaluate(() => window.keeper.signOut());
  await killWorkers(page);
  await page.reload();
  await useAppKeeper(page);
  await expectSession(page, 'signed-out');
  expect((await snapshotOf(page)).session).toMatchObject({ reason: 'user' });
  await expect
    .poll(async () => (await lab.log()).some(({ path, status }) => /logout|revo/.test(path) && status < 300))
    .toBe(true);
});

/** Has the browser look for a newer worker; resolves when it has got to that state, or is beyond it. */
const untilNewcomer = (page: Page, state: ServiceWorkerState): Promise<void> =>
  page.evaluate(async (wanted) => {
    const registration = await navigator.serviceWorker.ready;
    const newcomer = await new Promise<ServiceWorker>((resolve) => {
      const look = (): void => {
        const found = registration.installing ?? registration.waiting;
        if (found) resolve(found);
      };
      registration.addEventListener('updatefound', look);
      void registration.update();
      look();
    });
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (newcomer.state === wanted || newcomer.state === 'activated') resolve();
        if (newcomer.state === 'redundant') reject(new Error('the newcomer could not be installed'));
      };
      newcomer.addEventListener('statechange', look);
      look();
    });
  }, state);

for (const state of ['installing', 'installed', 'activating', 'activated'] as const) {
  test(`killed while a newcomer is ${state}: the session goes on, and the new build takes over`, async ({
    page,
    complaints,
  }) => {
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    const site = await startDeployment();
    try {
      await signIn(page, site.origin, 'password');
      const { tokenRequests } = await site.faults.stats();
      const build = await site.deploy();
      await untilNewcomer(page, state);
      await killWorkers(page);
      // A page whose workers died in that very moment may have to be loaded anew: see docs/explanation/worker-updates.md.
      await page.reload();
      await useAppKeeper(page);
      await expectSession(page, 'active');
      const isNew = async (): Promise<boolean> => {
        await page.evaluate(() => navigator.serviceWorker.ready.then((registration) => registration.update()));
        return (await snapshotOf(page)).build === build;
      };
      await expect.poll(isNew, { intervals: [200] }).toBe(true);
      expect(await fetchOnce(page)).toBe(200);
      expect((await site.faults.stats()).tokenRequests).toBe(tokenRequests);
    } finally {
      await site.stop();
    }
  });
}
