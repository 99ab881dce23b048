import type { Locator, Page } from '@playwright/test';
import { expectSocket, listen, newTopic, numbersOf, publish, upTo } from '../../support/page/channels.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { expectSession, openKeeper, snapshotOf, useAppKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const OUTAGE_MS = 20_000;
/** A socket's next attempt comes within 5.5 s of the last one (protocol/timing/redial.ts), and a session's within 15 s. */
const HEALED_WITHIN_MS = 20_000;

const headline = (page: Page): Locator => page.getByRole('heading', { level: 1 });
const loginForm = (page: Page): Locator => page.locator('session-sign-in input:visible');

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST, FAILED_SOCKET));

test.describe('when the browser is offline', () => {
  test('the app starts from its shell, keeps the session, and reconnects by itself [offline-start]', async ({
    page,
    app,
    context,
    lab,
  }) => {
    await signIn(page, app.origin, 'oidc');
    await expectSocket(page, 'open');
    await context.setOffline(true);
    await page.reload();
    await useAppKeeper(page);
    await expect(headline(page)).toHaveText('You are signed in as Demo User, and offline.');
    await expect(page.locator('session-notices')).toContainText('You are offline. You stay signed in');
    await expect(page.getByRole('alert').filter({ hasText: /./ })).toHaveCount(0);
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(loginForm(page)).toHaveCount(0);
    expect(await fetchOnce(page)).toBe('network error');
    expect((await snapshotOf(page)).session.state).not.toBe('signed-out');
    // Playwright's offline mode leaves an open socket open (Chromium 156). A lost network does not.
    expect(await lab.dropSockets()).toBeGreaterThan(0);
    await expectSocket(page, 'resting');

    await lab.clearLog();
    await context.setOffline(false);
    await expect(headline(page)).toHaveText('You are signed in as Demo User.');
    await expectSession(page, 'active');
    await expectSocket(page, 'open');
    // The request for its ticket had the session's token, and the backend logged the user.
    const tickets = (await lab.log()).filter(({ path }) => path === '/api/v1/socket/ticket');
    expect(tickets.at(-1)).toMatchObject({ status: 200, auth: 'dpop', sub: 'demo' });
    const proofs = async (): Promise<readonly unknown[]> =>
      (await lab.log()).filter(({ path }) => path === '/api/v1/auth/whoami');
    await expect.poll(async () => (await proofs()).at(-1)).toMatchObject({ status: 200, auth: 'dpop', sub: 'demo' });
    expect(await fetchOnce(page)).toBe(200);
    await expect(loginForm(page)).toHaveCount(0);
  });

  test(
    'a new tab keeps the session with a new worker and an expired access token',
    { tag: '@waits' },
    async ({ page, app, context, lab }) => {
      await lab.setLifetimes({ accessSeconds: 5 });
      await signIn(page, app.origin, 'password');
      await context.setOffline(true);
      await expectSession(page, 'degraded', 15_000);
      await killWorkers(page);
      const tab = await context.newPage();
      await tab.goto(app.origin);
      await useAppKeeper(tab);
      await expect(headline(tab)).toHaveText('You are signed in as Demo User, and offline.');
      await expect(loginForm(tab)).toHaveCount(0);
      await lab.setLifetimes({ accessSeconds: 300 });
      await context.setOffline(false);
      for (const each of [page, tab]) await expectSession(each, 'active');
      expect(await fetchOnce(tab)).toBe(200);
    },
  );

  test('publications arrive once and in order when the network is back', async ({ page, app, context, lab }) => {
    await signIn(page, app.origin, 'password');
    await expectSocket(page, 'open');
    const other = await context.newPage();
    await openKeeper(other, app.origin);
    const topic = newTopic();
    for (const tab of [page, other]) await listen(tab, topic);
    await context.setOffline(true);
    const acknowledged = publish(page, topic, 1, 20);
    // An open socket stays open and silent in an offline context (measured). So the test ends it, as a network would.
    await lab.dropSockets();
    await context.setOffline(false);
    expect(await acknowledged).toEqual(upTo(20).map(() => true));
    for (const tab of [page, other]) {
      await expect.poll(async () => (await numbersOf(tab, topic)).length).toBe(20);
      expect(await numbersOf(tab, topic)).toEqual(upTo(20));
    }
  });
});

test.describe('when the server stops and starts again', () => {
  /** Expects, ten times a second during the outage, that no sign-in form shows. Only time can prove an absence. */
  const outage = async (page: Page, ms: number): Promise<void> => {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      await expect(loginForm(page)).toHaveCount(0);
      expect((await snapshotOf(page)).session.state).not.toBe('signed-out');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  test('session, socket and publications survive an outage of 20 s', { tag: '@waits' }, async ({ page, app, lab }) => {
    await lab.setLifetimes({ accessSeconds: 15 });
    await signIn(page, app.origin, 'password');
    await expectSocket(page, 'open');
    const topic = newTopic();
    await listen(page, topic);
    await app.shutDown();
    const acknowledged = publish(page, topic, 1, 30);
    await outage(page, OUTAGE_MS);
    await expectSession(page, 'degraded');
    await app.startAgain();
    await expectSession(page, 'active', HEALED_WITHIN_MS);
    await expectSocket(page, 'open', HEALED_WITHIN_MS);
    expect(await acknowledged).toEqual(upTo(30).map(() => true));
    expect(await numbersOf(page, topic)).toEqual(upTo(30));
    expect(await fetchOnce(page)).toBe(200);
    await expect(headline(page)).toHaveText('You are signed in as Demo User.');
  });

  test('messages arrive once and in order through a power cut', async ({ page, app }) => {
    await signIn(page, app.origin, 'oidc');
    await expectSocket(page, 'open');
    const topic = newTopic();
    await listen(page, topic);
    const first = publish(page, topic, 1, 100);
    await expect.poll(async () => (await numbersOf(page, topic)).length, { intervals: [1] }).toBeGreaterThan(0);
    await app.shutDown('SIGKILL');
    const second = publish(page, topic, 101, 20);
    await killWorkers(page);
    await app.startAgain();
    expect((await Promise.all([first, second])).flat()).toEqual(upTo(120).map(() => true));
    await expect.poll(async () => (await numbersOf(page, topic)).length).toBe(120);
    expect(await numbersOf(page, topic)).toEqual(upTo(120));
    await expectSession(page, 'active', HEALED_WITHIN_MS);
    expect(await fetchOnce(page)).toBe(200);
  });
});
