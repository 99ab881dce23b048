import { expect as labExpect, test as labTest } from '../../../lab/fixture/playwright.ts';
import { embeddedServer } from '../../../lab/site/embedded-server.ts';
import { startApp, type App } from '../../support/server/app.ts';

/* The fixture as a site's own tests use it, on the app. */

const expect = labExpect;
const test = labTest.extend<object, { app: App }>({
  app: [
    async ({}, use) => {
      const app = await startApp();
      await use(app);
      await app.stop();
    },
    { scope: 'worker' },
  ],
  labSite: async ({ app }, use) => {
    const { proof, userField, isSignedIn, hooks } = embeddedServer(app.origin);
    await use({ proof, userField, isSignedIn, hooks });
  },
});

test.beforeEach(async ({ page, app, lab }) => {
  expect(lab.network.state).toBe('up');
  await page.goto(app.origin);
  await embeddedServer(app.origin).signIn(page);
});

test('stays signed in when the worker dies, when it is offline, and when an answer is lost', async ({ page, lab }) => {
  await expect(page).toStaySignedIn();
  await lab.killWorker();
  await expect(page).toReachBackend('/api/v1/auth/whoami');
  await lab.offline(async () => {
    expect(await page.evaluate(() => navigator.onLine)).toBe(false);
    await expect(page).not.toReachBackend('/api/v1/auth/whoami');
  });
  await expect(page).toStaySignedIn();
  await lab.expireAccessToken();
  lab.loseNextAnswer('token');
  await expect(page).toStaySignedIn();
});

test('reconnects after idle hours, and with a slow network', async ({ page, lab }) => {
  await expect(page).toReconnectWithin(10_000);
  lab.slow({ latencyMs: 100 });
  await lab.idle('8h');
  await expect(page).toReconnectWithin(30_000);
  await lab.heal();
  await expect(page).toStaySignedIn();
});

test('goes on after a frozen time and with a new worker', async ({ page, lab }) => {
  await page.evaluate(() => {
    Object.assign(window, { ticks: 0 });
    setInterval(() => Object.assign(window, { ticks: Number(Reflect.get(window, 'ticks')) + 1 }), 50);
  });
  const ticks = (): Promise<number> => page.evaluate(() => Number(Reflect.get(window, 'ticks')));
  const [before, startedAt] = [await ticks(), performance.now()];
  await lab.freeze(1_000);
  // 5 more, because the pause begins with the next statement.
  expect((await ticks()) - before).toBeLessThan((performance.now() - startedAt - 1_000) / 50 + 5);
  await lab.updateWorker();
  await expect(page).toStaySignedIn();
});

test('notices a half-open socket', async ({ page, lab }) => {
  await expect(page).toReconnectWithin(10_000);
  expect(lab.halfOpen()).toBeGreaterThan(0);
  await expect(page).not.toReconnectWithin(100);
});

test('sees a lost session for what it is', async ({ page, lab }) => {
  await lab.clearStorage();
  await lab.killWorker();
  await page.reload();
  await expect(page).not.toStaySignedIn({ timeout: 1_000 });
});
