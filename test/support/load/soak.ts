import { setTimeout as rest } from 'node:timers/promises';
import type { BareBrowser, BareTab } from '../browser/bare-browser.ts';
import { connectIn, countIn, heardIn } from '../page/bare-keeper.ts';
import type { FaultClient } from '../server/fault-client.ts';

/*
 * Three tabs, 200 messages a second from the server and 200 from the tabs on one topic, and the worker killed every 5 s:
 * every tab must hear every message once, in order.
 */

const TABS = 3;
const PER_SECOND = 200;
const TURNS_A_SECOND = 10;
const KILL_EVERY_SECONDS = 5;
/** Nothing new for so long, and what has not come will not. */
const STALLED_MS = 20_000;
const LOOK_EVERY_MS = 100;
const TOPIC = 'soak';

/** What one tab heard of the topic, and what became of what it said itself. */
export type SoakedTab = {
  told: number;
  /** Told to be lost. */
  missing: number;
  /** Each once, in order, and whatever is not there was told as a gap. */
  inOrder: boolean;
  acked: number;
  refused: number;
};

/** `sent`: by the server and by the tabs, so many should have come to each tab. `ms`: all of it, the catching up too. */
export type Soaked = { sent: number; kills: number; ms: number; caughtUpMs: number; tabs: readonly SoakedTab[] };

/** Publishes without waiting. */
const SPEAK = (count: number): string => `(() => {
  for (let i = 0; i < ${count}; i++)
    void keeper.channel('${TOPIC}').publish({ n: 0 }).then(({ ok }) => { spoken[ok ? 'acked' : 'refused'] += 1 });
})()`;

const toldIn = async (tabs: readonly BareTab[]): Promise<readonly number[]> =>
  (await Promise.all(tabs.map(heardIn))).map(({ told }) => told);

const openTabs = async (browser: BareBrowser, origin: string): Promise<readonly BareTab[]> => {
  await connectIn(browser, origin, 'sign in');
  const tabs: BareTab[] = [browser];
  while (tabs.length < TABS) {
    const tab = await browser.open();
    await connectIn(tab, origin, 'is there');
    tabs.push(tab);
  }
  for (const tab of tabs) {
    await countIn(tab, TOPIC);
    await tab.evaluate('globalThis.spoken = { acked: 0, refused: 0 }');
  }
  return tabs;
};

/** Keeps to the pace that was ordered: a turn that comes late shortens the next rest. */
const speakAndKill = async (
  browser: BareBrowser,
  tabs: readonly BareTab[],
  lab: FaultClient,
  seconds: number,
): Promise<{ sent: number; kills: number }> => {
  const count = PER_SECOND / TURNS_A_SECOND;
  const startedAt = performance.now();
  let [sent, kills] = [0, 0];
  for (let turn = 1; turn <= seconds * TURNS_A_SECOND; turn += 1) {
    const speaker = tabs[turn % TABS];
    await Promise.all([lab.publish({ topic: TOPIC, count, everyMs: 0 }), speaker?.evaluate(SPEAK(count))]);
    sent += 2 * count;
    if (turn % (KILL_EVERY_SECONDS * TURNS_A_SECOND) === 0) {
      kills += 1;
      await browser.killWorkers();
    }
    await rest(Math.max(0, (turn * 1_000) / TURNS_A_SECOND - (performance.now() - startedAt)));
  }
  return { sent, kills };
};

const outcomeOf = async (tab: BareTab, before: number): Promise<SoakedTab> => {
  const { told, missing, inOrder } = await heardIn(tab);
  const { acked, refused } = (await tab.evaluate('spoken')) as Pick<SoakedTab, 'acked' | 'refused'>;
  return { told: told - before, missing, inOrder, acked, refused };
};

/** Resolves when every tab has heard so many more than before, or none hears anything more. */
const caughtUp = async (tabs: readonly BareTab[], before: readonly number[], sent: number): Promise<void> => {
  let [newest, since] = ['', performance.now()];
  while (performance.now() < since + STALLED_MS) {
    const told = await toldIn(tabs);
    if (told.every((count, index) => count - (before[index] ?? 0) >= sent)) return;
    if (newest !== told.join()) [newest, since] = [told.join(), performance.now()];
    await rest(LOOK_EVERY_MS);
  }
};

export const soak = async (
  browser: BareBrowser,
  origin: string,
  lab: FaultClient,
  seconds: number,
): Promise<Soaked> => {
  const tabs = await openTabs(browser, origin);
  const before = await toldIn(tabs);
  const startedAt = performance.now();
  const { sent, kills } = await speakAndKill(browser, tabs, lab, seconds);
  const saidAt = performance.now();
  await caughtUp(tabs, before, sent);
  const endedAt = performance.now();
  const outcomes = await Promise.all(tabs.map((tab, index) => outcomeOf(tab, before[index] ?? 0)));
  return { sent, kills, ms: endedAt - startedAt, caughtUpMs: endedAt - saidAt, tabs: outcomes };
};
