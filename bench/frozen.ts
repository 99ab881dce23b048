import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { startApp } from '../test/support/server/app.ts';
import { startBareBrowser } from '../test/support/browser/bare-browser.ts';
import { connectIn, countIn, receivedIn } from '../test/support/page/bare-keeper.ts';
import { createFaultClient } from '../test/support/server/fault-client.ts';

/*
 * A frozen tab beside one that reads, under 1,000 messages of 2 kB a second for a minute: 120 MB go by. What waits for
 * the frozen one is bounded, and so is the memory of the browser. `--seconds N` for a shorter or longer run.
 */

const PER_SECOND = 1_000;
const BYTES = 2_000;
const TURNS_A_SECOND = 10;
const DEFAULT_SECONDS = 60;
const MB = 1_000_000;
/** Between the first third of the time and the last. Without the bound on what a tab may leave unread: 108 MB (measured). */
const MAX_GROWTH_BYTES = 40 * MB;

const [, , option, value] = process.argv;
const seconds = option === '--seconds' ? Number(value) : DEFAULT_SECONDS;

/** Proportional set size (bytes) of a process and all its children: shared pages count once. Linux only. */
const memoryOf = async (root: number): Promise<number> => {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = /\) \S (\d+)/.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || isOurs(parents.get(pid)));
  let total = 0;
  for (const pid of parents.keys()) {
    if (!isOurs(pid)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    total += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1_024;
  }
  return total;
};

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
  const before = await memoryOf(browser.pid);
  const startedAt = performance.now();
  const growth: number[] = [];
  let sent = 0;
  for (let turn = 1; turn <= seconds * TURNS_A_SECOND; turn += 1) {
    const count = PER_SECOND / TURNS_A_SECOND;
    sent += count;
    await lab.publish({ topic: 'frozen', count, everyMs: 0, bytes: BYTES });
    if (turn % (5 * TURNS_A_SECOND) === 0) growth.push((await memoryOf(browser.pid)) - before);
    await rest(Math.max(0, (turn * 1_000) / TURNS_A_SECOND - (performance.now() - startedAt)));
  }
  while ((await receivedIn(other)).messages < sent) await rest(100);
  const reader = await receivedIn(other);
  await browser.setLife('active');
  for (let heard = await receivedIn(browser); heard.messages + heard.missing < sent; heard = await receivedIn(browser))
    await rest(100);
  const slept = await receivedIn(browser);
  console.log(`${sent} messages of ${BYTES} B in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  console.log(`browser, all processes: ${mb(before)} before; more, every 5 s: ${growth.map(mb).join(', ')}`);
  console.log(`the tab that reads: ${reader.messages} told, ${reader.missing} missing, in order: ${reader.inOrder}`);
  console.log(
    `the frozen one, thawed: ${slept.messages} told, ${slept.missing} told missing, in order: ${slept.inOrder}`,
  );
  const third = Math.ceil(growth.length / 3);
  const between = mean(growth.slice(-third)) - mean(growth.slice(0, third));
  console.log(`from the first third of the time to the last: ${mb(between)} (at most ${mb(MAX_GROWTH_BYTES)})`);
  const isWell = reader.messages === sent && reader.missing === 0 && reader.inOrder && slept.inOrder;
  if (!isWell || between > MAX_GROWTH_BYTES) process.exitCode = 1;
} finally {
  await browser.close();
  await app.stop();
}
