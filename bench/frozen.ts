import { setTimeout as rest } from 'node:timers/promises';
import { startApp } from '../test/support/server/app.ts';
import { startBareBrowser } from '../test/support/browser/bare-browser.ts';
import { connectIn, countIn, receivedIn } from '../test/support/page/bare-keeper.ts';
import { processMemory } from '../test/support/browser/processes.ts';
import { createFaultClient } from '../test/support/server/fault-client.ts';

/*
 * Freezes one tab while another one reads 1,000 messages of 2 kB a second for a minute (120 MB). Checks that the browser's
 * memory does not grow with the messages that the frozen tab leaves unread. `--seconds N` sets another duration.
 */

const PER_SECOND = 1_000;
const BYTES = 2_000;
const BATCHES_PER_SECOND = 10;
const DEFAULT_SECONDS = 60;
const MB = 1_000_000;
/** From the first third of the run to the last. Without the bound on a tab's unread messages it grew by 108 MB (measured). */
const MAX_GROWTH_BYTES = 40 * MB;

const [, , option, value] = process.argv;
const seconds = option === '--seconds' ? Number(value) : DEFAULT_SECONDS;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const mb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;

const app = await startApp();
const browser = await startBareBrowser();
try {
  const lab = createFaultClient(app.origin);
  await connectIn(browser, app.origin, 'sign in');
  const other = await browser.open();
  await connectIn(other, app.origin, 'is there');
  for (const tab of [browser, other]) await countIn(tab, 'frozen');
  await browser.setLife('frozen');
  const before = await processMemory(browser.pid);
  const startedAt = performance.now();
  const growth: number[] = [];
  let sent = 0;
  for (let batch = 1; batch <= seconds * BATCHES_PER_SECOND; batch += 1) {
    const count = PER_SECOND / BATCHES_PER_SECOND;
    sent += count;
    await lab.publish({ topic: 'frozen', count, everyMs: 0, bytes: BYTES });
    if (batch % (5 * BATCHES_PER_SECOND) === 0) growth.push((await processMemory(browser.pid)) - before);
    await rest(Math.max(0, (batch * 1_000) / BATCHES_PER_SECOND - (performance.now() - startedAt)));
  }
  while ((await receivedIn(other)).messages < sent) await rest(100);
  const reader = await receivedIn(other);
  await browser.setLife('active');
  let resumed = await receivedIn(browser);
  while (resumed.messages + resumed.missing < sent) {
    await rest(100);
    resumed = await receivedIn(browser);
  }
  console.log(`${sent} messages of ${BYTES} B in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  console.log(`browser, all processes: ${mb(before)} before; growth, every 5 s: ${growth.map(mb).join(', ')}`);
  console.log(`reading tab: ${reader.messages} received, ${reader.missing} missing, in order: ${reader.inOrder}`);
  console.log(
    `frozen tab, after its return: ${resumed.messages} received, ${resumed.missing} reported as missing, in order: ${resumed.inOrder}`,
  );
  const third = Math.ceil(growth.length / 3);
  const between = mean(growth.slice(-third)) - mean(growth.slice(0, third));
  console.log(`growth from the first third of the run to the last: ${mb(between)} (at most ${mb(MAX_GROWTH_BYTES)})`);
  const isWell = reader.messages === sent && reader.missing === 0 && reader.inOrder && resumed.inOrder;
  if (!isWell || between > MAX_GROWTH_BYTES) process.exitCode = 1;
} finally {
  await browser.close();
  await app.stop();
}
