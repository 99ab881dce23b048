import type { Page } from '@playwright/test';
import {
  expectAll,
  expectSocket,
  expectMoreThan,
  listen,
  newTopic,
  numbersOf,
  publish,
  upTo,
} from '../../support/page/channels.ts';
import { expect, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper, openKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const COUNT = 500;
/** Two seconds for all messages, so that the test can act in the middle. */
const EVERY_MS = 4;
const MIDDLE = COUNT / 3;
/** From the hub's greeting (server/realtime/hub-connection.ts). */
const HEARTBEAT_MS = 10_000;
/** Longer than the client waits. The server does not notice the end of the socket before. */
const FROZEN_MS = 20_000;
/** For the path from the worker to the page, on a loaded machine. */
const SLACK_MS = 5_000;

/** Opens two tabs of one browser that listen to the topic. */
const twoTabs = async (first: Page, origin: string): Promise<{ tabs: readonly [Page, Page]; topic: string }> => {
  const topic = newTopic();
  await signIn(first, origin, 'password');
  const second = await first.context().newPage();
  await openKeeper(second, origin);
  for (const tab of [first, second]) {
    await expectSocket(tab, 'open');
    await listen(tab, topic);
  }
  return { tabs: [first, second], topic };
};

const expectAllInBoth = async (tabs: readonly Page[], topic: string): Promise<void> => {
  for (const tab of tabs) await expectAll(tab, topic, COUNT);
};

const expectOneUpstream = (lab: FaultClient, timeout = 5_000): Promise<void> =>
  expect.poll(async () => (await lab.stats()).socketsOpen, { timeout }).toBe(1);

test.describe('with two tabs and 500 messages', () => {
  test('delivers each message once and in order to both tabs over one socket [one-socket]', async ({
    page,
    app,
    lab,
  }) => {
    const { tabs, topic } = await twoTabs(page, app.origin);
    await expectOneUpstream(lab);
    const { socketsOpened, ticketsUsed } = await lab.stats();
    await lab.publish({ topic, count: COUNT, everyMs: EVERY_MS });
    await expectAllInBoth(tabs, topic);
    expect(await lab.stats()).toMatchObject({ socketsOpen: 1, socketsOpened, ticketsUsed });
  });

  test('delivers all messages at the server’s full speed', async ({ page, app, lab }) => {
    const { tabs, topic } = await twoTabs(page, app.origin);
    await lab.publish({ topic, count: COUNT, everyMs: 0 });
    await expectAllInBoth(tabs, topic);
  });

  test('delivers all messages when the worker dies in the middle', async ({ page, app, lab, complaints }) => {
    complaints.expect(FAILED_SOCKET);
    const { tabs, topic } = await twoTabs(page, app.origin);
    await lab.publish({ topic, count: COUNT, everyMs: EVERY_MS });
    await expectMoreThan(page, topic, MIDDLE);
    const { worker } = await snapshotOf(page);
    await killWorkers(page);
    await expectAllInBoth(tabs, topic);
    await expectOneUpstream(lab);
    expect((await snapshotOf(page)).worker.id).not.toBe(worker.id);
  });

  test('delivers all messages when the socket drops in the middle, without a close frame and with one', async ({
    page,
    app,
    lab,
  }) => {
    const { tabs, topic } = await twoTabs(page, app.origin);
    await lab.publish({ topic, count: COUNT, everyMs: EVERY_MS });
    await expectMoreThan(page, topic, MIDDLE);
    expect(await lab.dropSockets()).toBe(1);
    await expectMoreThan(page, topic, 2 * MIDDLE);
    // On a loaded machine the page may have two thirds of the messages before the worker reconnects.
    await expect.poll(() => lab.dropSockets(1012), { message: 'a second open socket' }).toBe(1);
    await expectAllInBoth(tabs, topic);
    await expectOneUpstream(lab);
  });

  test(
    'delivers all messages when the socket falls silent, which the worker notices within the heartbeat and 3 s',
    { tag: '@waits' },
    async ({ page, app, lab }) => {
      const { tabs, topic } = await twoTabs(page, app.origin);
      await lab.publish({ topic, count: COUNT, everyMs: EVERY_MS });
      await expectMoreThan(page, topic, MIDDLE);
      const { socketsOpened } = await lab.stats();
      expect(await lab.freezeSockets(FROZEN_MS)).toBe(1);
      const redialled = async (): Promise<boolean> => (await lab.stats()).socketsOpened > socketsOpened;
      await expect.poll(redialled, { timeout: HEARTBEAT_MS + 3_000 + SLACK_MS, intervals: [100] }).toBe(true);
      await expectAllInBoth(tabs, topic);
      await expectOneUpstream(lab, FROZEN_MS);
    },
  );

  test('delivers all messages when the worker dies twice and the other tab reloads in the middle', async ({
    page,
    app,
    lab,
  }) => {
    const { tabs, topic } = await twoTabs(page, app.origin);
    await lab.publish({ topic, count: COUNT, everyMs: EVERY_MS });
    await expectMoreThan(page, topic, MIDDLE / 2);
    await killWorkers(page);
    await tabs[1].reload();
    await connectKeeper(tabs[1]);
    await expectMoreThan(page, topic, MIDDLE);
    await killWorkers(page);
    await expectAll(page, topic, COUNT);
    await expectOneUpstream(lab);
  });

  test('delivers the publications of both tabs once and in the same order when worker and socket die', async ({
    page,
    app,
    lab,
  }) => {
    const { tabs, topic } = await twoTabs(page, app.origin);
    const published = Promise.all([publish(tabs[0], topic, 1, 50), publish(tabs[1], topic, 51, 50)]);
    await killWorkers(page);
    await lab.dropSockets();
    expect((await published).flat()).toEqual(upTo(100).map(() => true));
    for (const tab of tabs) await expect.poll(async () => (await numbersOf(tab, topic)).length).toBe(100);
    const [here, there] = await Promise.all(tabs.map((tab) => numbersOf(tab, topic)));
    expect(here).toEqual(there);
    expect(new Set(here)).toEqual(new Set(upTo(100)));
  });
});
