import type { Page } from '@playwright/test';
import { startSilentNetwork } from '../../support/server/silent-network.ts';
import { expectAll, expectSocket, listen, newTopic } from '../../support/page/channels.ts';
import { expect, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper, DEMO, signInBy, snapshotOf } from '../../support/page/keeper-page.ts';

/** The shortest heartbeat that a client accepts. */
const HEARTBEAT_MS = 1_000;
/** Three times the heartbeat and 3 s, for a loaded machine. `npm run bench:loss` measures the real time. */
const NOTICED_WITHIN_MS = 3 * (HEARTBEAT_MS + 3_000);

test('reconnects and loses nothing when the network drops all packets without closing connections', async ({
  browser,
  complaints,
}) => {
  complaints.expect(FAILED_SOCKET);
  const network = await startSilentNetwork({ heartbeatMs: HEARTBEAT_MS });
  const context = await browser.newContext({ proxy: network.proxy });
  complaints.watch(context);
  const page = await context.newPage();
  try {
    await signInAt(page, network.origin);
    const topic = newTopic();
    await listen(page, topic);
    const { socketsOpened } = await network.faults.stats();
    expect(network.silence('sockets')).toBe(1);
    await network.faults.publish({ topic, count: 20, everyMs: 0 });
    const redialled = async (): Promise<number> => (await network.faults.stats()).socketsOpened - socketsOpened;
    await expect.poll(redialled, { timeout: NOTICED_WITHIN_MS }).toBe(1);
    await expectAll(page, topic, 20);
    expect((await snapshotOf(page)).session.state).toBe('active');
  } finally {
    await context.close();
    await network.stop();
  }
});

const signInAt = async (page: Page, origin: string): Promise<void> => {
  await page.goto(origin);
  await connectKeeper(page);
  await signInBy(page, DEMO);
  await expectSocket(page, 'open');
};
