import { setTimeout as rest } from 'node:timers/promises';
import { startApp } from '../test/support/app.ts';
import { startBareBrowser, type BareTab } from '../test/support/bare-browser.ts';
import { connectIn, countIn, heardIn } from '../test/support/bare-keeper.ts';
import { createLab } from '../test/support/lab-client.ts';

/*
 * Three tabs, 200 messages a second from the server and 200 from the tabs on one topic, and the worker killed every 5 s:
 * every tab must hear every message once, in order. `--seconds N`; ten minutes unless told otherwise.
 */

const DEFAULT_SECONDS = 600;
const TABS = 3;
const PER_SECOND = 200;
const TURNS_A_SECOND = 10;
const KILL_EVERY_SECONDS = 5;
const CATCH_UP_MS = 30_000;
const TOPIC = 'soak';

const [, , option, value] = process.argv;
const seconds = option === '--seconds' ? Number(value) : DEFAULT_SECONDS;

/** Publishes without waiting; `failed` counts what was refused. */
const SPEAK = (count: number): string => `(() => {
  const spoken = globalThis.spoken ??= { acked: 0, failed: 0 };
  for (let i = 0; i < ${count}; i++)
    void keeper.channel('${TOPIC}').publish({ n: 0 }).then(({ ok }) => { spoken[ok ? 'acked' : 'failed'] += 1 });
})()`;

const spokenBy = async (tab: BareTab): Promise<{ acked: number; failed: number }> =>
  (await tab.evaluate('globalThis.spoken')) as { acked: number; failed: number };

const app = await startApp();
const browser = await startBareBrowser();
try {
  const lab = createLab(app.origin);
  await connectIn(browser, app.origin, 'sign in');
  const tabs: BareTab[] = [browser];
  for (let more = 1; more < TABS; more += 1) {
    const tab = await browser.open();
    await connectIn(tab, app.origin, 'is there');
    tabs.push(tab);
  }
  for (const tab of tabs) await countIn(tab, TOPIC);
  const before = await Promise.all(tabs.map(heardIn));
  let [sent, kills] = [0, 0];
  const startedAt = performance.now();
  for (let turn = 1; turn <= seconds * TURNS_A_SECOND; turn += 1) {
    const count = PER_SECOND / TURNS_A_SECOND;
    const speaker = tabs[turn % TABS];
    await Promise.all([lab.publish({ topic: TOPIC, count, everyMs: 0 }), speaker?.evaluate(SPEAK(count))]);
    sent += 2 * count;
    if (turn % (KILL_EVERY_SECONDS * TURNS_A_SECOND) === 0) {
      kills += 1;
      await browser.killWorkers();
    }
    await rest(Math.max(0, (turn * 1_000) / TURNS_A_SECOND - (performance.now() - startedAt)));
  }
  const deadline = performance.now() + CATCH_UP_MS;
  const told = async (): Promise<number[]> =>
    (await Promise.all(tabs.map(heardIn))).map((heard, index) => heard.told - (before[index]?.told ?? 0));
  while ((await told()).some((count) => count < sent) && performance.now() < deadline) await rest(100);
  console.log(`${sent} messages, ${kills} kills, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  for (const [index, tab] of tabs.entries()) {
    const [heard, spoken] = [await heardIn(tab), await spokenBy(tab)];
    const count = heard.told - (before[index]?.told ?? 0);
    console.log(
      `tab ${index + 1}: ${count} told, ${heard.missing} missing, in order: ${heard.inOrder}; ${spoken.acked} of its own acknowledged, ${spoken.failed} refused`,
    );
    if (count !== sent || heard.missing > 0 || !heard.inOrder || spoken.failed > 0) process.exitCode = 1;
  }
} finally {
  await browser.close();
  await app.stop();
}
