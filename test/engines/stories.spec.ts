import type { SignInKind } from '../../src/protocol/snapshot.ts';
import { HUB, listen, newTopic, numbersOf } from '../support/page/channels.ts';
import { sessionStateOf, snapshotOf } from '../support/page/keeper-page.ts';
import { startDeployment } from '../support/server/deployment.ts';
import type { FaultClient } from '../support/server/fault-client.ts';
import { fetchAll, fetchOnce, MODELS } from '../support/page/page-fetch.ts';
import { INTENTS, SIGN_IN_KINDS } from '../support/page/sign-in.ts';
import type { Tab } from './engine.ts';
import { expect, FAILED_REQUEST, test } from './fixture.ts';

const SIGNED_OUT_WITHIN_MS = 1_000;
const RELOADS = 5;
const MESSAGES = 200;
/** Twice as long as Chromium and Firefox keep a worker without events. */
const IDLE_SECONDS = Number(process.env['IDLE_SECONDS'] ?? 70);
/** A worker without a page ends after 30 s in Firefox and after 10 s in WebKit (measured). */
const WORKER_ENDS_WITHIN_MS = 45_000;

/** The keeper of the app. */
const meet = async (tab: Tab): Promise<void> => {
  const met = (): Promise<boolean> =>
    tab
      .evaluate(() => {
        const status = document.querySelector('session-status');
        if (!status || !('keeper' in status) || !status.keeper) return false;
        window.keeper = status.keeper as typeof window.keeper;
        return window.keeper.snapshot.session.state !== 'starting';
      })
      .catch(() => false);
  await expect.poll(met, { timeout: 15_000 }).toBe(true);
};

const visit = async (tab: Tab, url: string): Promise<void> => {
  await tab.goto(url);
  await meet(tab);
};

const reload = async (tab: Tab): Promise<void> => {
  await tab.reload();
  await meet(tab);
};

const pathOf = (tab: Tab): Promise<string> => tab.evaluate(() => location.pathname).catch(() => '');

/** Fills in and submits the provider's page. */
const atProvider = async (tab: Tab): Promise<void> => {
  await expect.poll(() => pathOf(tab)).toMatch(/^\/sign-in\//);
  await tab.evaluate(() => {
    for (const field of document.querySelectorAll('input'))
      if (field.type === 'text' || field.type === 'password') field.value = 'demo';
    document.querySelector<HTMLButtonElement>('form button')?.click();
  });
  await expect.poll(() => pathOf(tab)).toBe('/');
  await meet(tab);
};

const signIn = async (tab: Tab, origin: string, kind: SignInKind): Promise<void> => {
  await visit(tab, origin);
  await tab.evaluate((intent) => void window.keeper.signIn(intent), INTENTS[kind]);
  if (kind === 'oidc') await atProvider(tab);
  await expect.poll(() => sessionStateOf(tab)).toBe('active');
};

const isOpen = async (tab: Tab): Promise<boolean> => (await snapshotOf(tab)).sockets[HUB]?.state === 'open';
const expectOpen = (tab: Tab): Promise<void> => expect.poll(() => isOpen(tab), { timeout: 15_000 }).toBe(true);

/** The request log of the server shows no API request without authorization. */
const expectAuthorized = async (lab: FaultClient): Promise<void> => {
  const requests = (await lab.log()).filter(({ path }) => path === MODELS);
  expect(requests.length).toBeGreaterThan(0);
  expect(requests.filter(({ auth, status }) => auth === 'none' || status !== 200)).toEqual([]);
};

for (const kind of SIGN_IN_KINDS) {
  test(`keeps the ${kind} session over ${RELOADS} reloads`, async ({ engine, app, lab }) => {
    const tab = await engine.open();
    await signIn(tab, app.origin, kind);
    await lab.clearLog();
    for (let count = 0; count < RELOADS; count++) {
      await reload(tab);
      expect(await sessionStateOf(tab)).toBe('active');
      expect(await fetchOnce(tab)).toBe(200);
    }
    await expectAuthorized(lab);
  });
}

test('delivers each message once and in order to two tabs when their socket drops', async ({ engine, app, lab }) => {
  const first = await engine.open();
  await signIn(first, app.origin, 'password');
  const second = await engine.open();
  await visit(second, app.origin);
  const topic = newTopic();
  for (const tab of [first, second]) {
    await expectOpen(tab);
    await listen(tab, topic);
  }
  expect((await lab.stats()).socketsOpen).toBe(1);
  const published = lab.publish({ topic, count: MESSAGES, everyMs: 5 });
  expect(await lab.dropSockets()).toBe(1);
  await published;
  const all = Array.from({ length: MESSAGES }, (_, index) => index + 1);
  for (const tab of [first, second]) await expect.poll(() => numbersOf(tab, topic), { timeout: 20_000 }).toEqual(all);
  expect((await lab.stats()).socketsOpen).toBe(1);
  await second.close();
  await expect.poll(async () => (await snapshotOf(first)).tabs).toBe(1);
});

test('answers twenty requests with 200 after one refresh when the token expired', async ({ engine, app, lab }) => {
  const tab = await engine.open();
  await signIn(tab, app.origin, 'password');
  const { refreshGrants } = await lab.stats();
  await lab.expireTokens();
  const urls = Array.from({ length: 20 }, (_, index) => `${MODELS}?n=${index}`);
  expect(await fetchAll(tab, urls)).toEqual(urls.map(() => 200));
  expect((await lab.stats()).refreshGrants).toBe(refreshGrants + 1);
});

test('authorizes the request of a picture', async ({ engine, app, lab }) => {
  const tab = await engine.open();
  await signIn(tab, app.origin, 'password');
  const width = await tab.evaluate(
    (src) =>
      new Promise<number>((resolve) => {
        const image = new Image();
        image.onload = () => resolve(image.naturalWidth);
        image.onerror = () => resolve(0);
        image.src = src;
      }),
    '/api/v1/media/picture.png',
  );
  expect(width).toBeGreaterThan(0);
  const requests = (await lab.log()).filter(({ path }) => path === '/api/v1/media/picture.png');
  expect(requests.map(({ auth }) => auth)).toEqual(['bearer']);
});

test('keeps the session when the token endpoint answers 503', async ({ engine, app, lab, expected }) => {
  expected.push(FAILED_REQUEST);
  const tab = await engine.open();
  await signIn(tab, app.origin, 'password');
  await lab.add({ at: 'token', kind: 'status', status: 503 });
  await lab.expireTokens();
  await fetchOnce(tab);
  await expect.poll(() => sessionStateOf(tab)).toBe('degraded');
  await reload(tab);
  expect(await sessionStateOf(tab)).not.toBe('signed-out');
  await lab.clear();
  await expect.poll(() => sessionStateOf(tab), { timeout: 40_000 }).toBe('active');
  expect(await fetchOnce(tab)).toBe(200);
});

test('shows the reason in every tab when the provider revokes the session', async ({ engine, app, lab, expected }) => {
  expected.push(FAILED_REQUEST);
  const first = await engine.open();
  await signIn(first, app.origin, 'password');
  const second = await engine.open();
  await visit(second, app.origin);
  await lab.revokeSessions();
  await fetchOnce(first);
  for (const tab of [first, second])
    await expect
      .poll(async () => (await snapshotOf(tab)).session)
      .toMatchObject({ state: 'signed-out', reason: 'rejected', problem: { error: 'invalid_grant' } });
});

test('signs out in every tab within a second', async ({ engine, app }) => {
  const first = await engine.open();
  await signIn(first, app.origin, 'password');
  const second = await engine.open();
  await visit(second, app.origin);
  await first.evaluate(() => window.keeper.signOut());
  await expect
    .poll(() => sessionStateOf(second), { timeout: SIGNED_OUT_WITHIN_MS, intervals: [50] })
    .toBe('signed-out');
  await reload(second);
  expect(await sessionStateOf(second)).toBe('signed-out');
});

test('keeps the session without a refresh when all pages close and the worker ends', async ({ engine, app, lab }) => {
  const tab = await engine.open();
  await signIn(tab, app.origin, 'password');
  const { worker } = await snapshotOf(tab);
  const before = await lab.stats();
  await tab.goto('about:blank');
  await expect.poll(async () => (await lab.stats()).socketsOpen, { timeout: WORKER_ENDS_WITHIN_MS }).toBe(0);
  await visit(tab, app.origin);
  expect(await sessionStateOf(tab)).toBe('active');
  expect(await fetchOnce(tab)).toBe(200);
  await expectOpen(tab);
  expect((await lab.stats()).refreshGrants).toBe(before.refreshGrants);
  test.info().annotations.push({
    type: 'worker',
    description: (await snapshotOf(tab)).worker.id === worker.id ? 'the same' : 'another',
  });
});

test(`keeps the worker and the socket when a tab is hidden and idle for ${IDLE_SECONDS} s`, async ({
  engine,
  app,
  lab,
}) => {
  test.setTimeout((IDLE_SECONDS + 60) * 1_000);
  const tab = await engine.open();
  await signIn(tab, app.origin, 'password');
  await expectOpen(tab);
  const { worker } = await snapshotOf(tab);
  const before = await lab.stats();
  const front = await engine.open();
  await front.goto('about:blank');
  // The test does not touch the page during that time, because that would wake its worker.
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
  const after = await lab.stats();
  expect({ open: after.socketsOpen, opened: after.socketsOpened }).toEqual({ open: 1, opened: before.socketsOpened });
  expect((await snapshotOf(tab)).worker.id).toBe(worker.id);
});

test('starts a worker whose parts the server no longer has, and keeps the session', async ({ engine }) => {
  const site = await startDeployment();
  try {
    const tab = await engine.open();
    await signIn(tab, site.origin, 'password');
    await expectOpen(tab);
    await site.withdrawParts();
    await tab.goto('about:blank');
    await expect.poll(async () => (await site.faults.stats()).socketsOpen, { timeout: WORKER_ENDS_WITHIN_MS }).toBe(0);
    await visit(tab, site.origin);
    await site.faults.expireTokens();
    expect(await fetchOnce(tab)).toBe(200);
    await expectOpen(tab);
    expect(await tab.evaluate(() => window.keeper.journal())).toMatchObject({ ok: true });
    expect(await sessionStateOf(tab)).toBe('active');
  } finally {
    await site.stop();
  }
});
