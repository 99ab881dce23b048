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
 * Kills at those points of a sign-in, a sign-out and an update that a test can reach in a browser. The simulated world
 * reaches all others (test/core/session/session-crash.test.ts). worker-killed.spec.ts has those of a refresh.
 */

/** Longer than any test, so that only the kill ends the wait. */
const FOR_EVER_MS = 600_000;
/** A sign-in fails after this time when its worker died. */
const GIVEN_UP_WITHIN_MS = 15_000;

/** Starts an action with a token request, and kills the worker while it waits for the answer. */
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
  const when = point === 'hang' ? 'before the server got the request' : 'after the server signed the user in';

  test(
    `signs in with a password at the second attempt when the worker dies ${when}`,
    { tag: '@waits' },
    async ({ page, app, lab, complaints }) => {
      complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
      await openKeeper(page, app.origin);
      await killWhileItAsks(page, lab, point, () =>
        page.evaluate((intent) => {
          window.first = window.keeper.signIn(intent);
        }, DEMO),
      );
      expect(await page.evaluate(() => window.first), 'the password is not sent twice').toMatchObject({
        ok: false,
        problem: { code: 'timeout' },
      });
      expect((await snapshotOf(page)).session).toMatchObject({ state: 'signed-out', reason: 'never' });
      expect(await page.evaluate((intent) => window.keeper.signIn(intent), DEMO)).toMatchObject({ ok: true });
      await expectSession(page, 'active');
      expect(await fetchOnce(page)).toBe(200);
    },
  );

  test(`signs in at the provider at the second attempt when the worker dies ${when}`, async ({
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

test('stays signed out and revokes the tokens when the worker dies right after a sign-out', async ({
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

/** Checks for an update. Resolves when the new worker is in that state, or activated. */
const untilNewWorker = (page: Page, state: ServiceWorkerState): Promise<void> =>
  page.evaluate(async (wanted) => {
    const registration = await navigator.serviceWorker.ready;
    const worker = await new Promise<ServiceWorker>((resolve) => {
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
        if (worker.state === wanted || worker.state === 'activated') resolve();
        if (worker.state === 'redundant') reject(new Error('the new worker could not be installed'));
      };
      worker.addEventListener('statechange', look);
      look();
    });
  }, state);

for (const state of ['installing', 'installed', 'activating', 'activated'] as const) {
  test(`keeps the session and updates when the worker dies while a new one is ${state}`, async ({
    page,
    complaints,
  }) => {
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    const site = await startDeployment();
    try {
      await signIn(page, site.origin, 'password');
      const { tokenRequests } = await site.faults.stats();
      const build = await site.deploy();
      await untilNewWorker(page, state);
      await killWorkers(page);
      // A page whose workers died at that moment may need a reload: see docs/explanation/worker-updates.md.
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
