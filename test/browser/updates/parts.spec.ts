import type { Page } from '@playwright/test';
import { expectAll, expectSocket, listen, newTopic } from '../../support/page/channels.ts';
import { startDeployment, type Deployment } from '../../support/server/deployment.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { openKeeper, sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';

/*
 * The worker evaluates most of its code late, from files that the browser kept at its installation
 * (docs/decisions/0012-a-worker-in-parts.md).
 */

let site: Deployment;
test.beforeEach(async () => {
  site = await startDeployment();
});
test.afterEach(async ({ page }) => {
  // A page that looks for its server after the stop would print an error.
  await page.close();
  await site.stop();
});

/** Checks for an update. Resolves with the last state of the worker that was installed, `none` without one. */
const outcomeOfUpdate = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => undefined);
    const worker = registration.installing ?? registration.waiting;
    if (!worker) return 'none';
    while (worker.state !== 'activated' && worker.state !== 'redundant')
      await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
    return worker.state;
  });

const renew = async (page: Page): Promise<void> => {
  const { refreshGrants } = await site.faults.stats();
  await site.faults.expireTokens();
  expect(await fetchOnce(page)).toBe(200);
  expect((await site.faults.stats()).refreshGrants).toBe(refreshGrants + 1);
};

const publishes = async (page: Page): Promise<void> => {
  const topic = newTopic();
  await expectSocket(page, 'open');
  await listen(page, topic);
  await site.faults.publish({ topic, count: 3, everyMs: 0 });
  await expectAll(page, topic, 3);
};

for (const kind of ['oidc', 'password'] as const) {
  test(`keeps the ${kind} session when the worker dies between any two parts that the server no longer has [part-store]`, async ({
    page,
  }) => {
    await signIn(page, site.origin, kind);
    await expectSocket(page, 'open');
    await site.withdrawParts();
    /** What needs no part, and what needs each of them. */
    const uses: readonly (() => Promise<unknown>)[] = [
      async () => expect(await fetchOnce(page)).toBe(200),
      () => renew(page),
      () => page.evaluate(() => window.keeper.journal()),
      () => publishes(page),
      () => openKeeper(page, site.origin),
    ];
    for (const first of uses) {
      for (const second of uses) {
        if (first === second) continue;
        await killWorkers(page);
        await first();
        await killWorkers(page);
        await second();
      }
    }
    expect(await sessionStateOf(page)).toBe('active');
  });
}

test('updates one part alone, and keeps the session [part-update]', async ({ page }) => {
  await signIn(page, site.origin, 'password');
  const { worker } = await snapshotOf(page);
  await site.deployPart('auth', (script) => `${script}\n// another one`);
  expect(await outcomeOfUpdate(page)).toBe('activated');
  await expect.poll(async () => (await snapshotOf(page)).worker.id).not.toBe(worker.id);
  await renew(page);
  await killWorkers(page);
  await renew(page);
  await publishes(page);
});

test('refuses a worker whose part was changed, and keeps the one before [part-tampered]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, /integrity/i);
  await signIn(page, site.origin, 'password');
  const { worker } = await snapshotOf(page);
  const stolen = "self.stolen = 'token';";
  await site.deployPart(
    'auth',
    (script) => `${script}\n// another one`,
    (script) => `${stolen}\n${script}`,
  );
  expect(await outcomeOfUpdate(page)).toBe('redundant');
  expect((await snapshotOf(page)).worker.id).toBe(worker.id);
  await killWorkers(page);
  await renew(page);
});

test('refuses a worker one of whose parts is missing, and keeps the one before [part-missing]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, site.origin, 'password');
  const { build } = await snapshotOf(page);
  await site.withdrawParts();
  await site.deploy();
  expect(await outcomeOfUpdate(page)).toBe('redundant');
  await killWorkers(page);
  await renew(page);
  expect((await snapshotOf(page)).build).toBe(build);
});
