import { setTimeout as rest } from 'node:timers/promises';
import type { BareBrowser, BareTab } from '../browser/bare-browser.ts';
import { connectIn, countIn, receivedIn } from '../page/bare-keeper.ts';
import type { FaultClient } from '../server/fault-client.ts';

/*
 * Three tabs, 200 messages a second from the server and 200 from the tabs on one topic. The worker is killed every 5 s.
 * Each tab must receive every message once and in order.
 */

const TABS = 3;
const PER_SECOND = 200;
const TURNS_A_SECOND = 10;
const KILL_EVERY_SECONDS = 5;
/** After this time without a new message, the missing ones count as lost. */
const STALLED_MS = 20_000;
const LOOK_EVERY_MS = 100;
const TOPIC = 'soak';

/** What one tab received of the topic, and the answers to its own publications. */
export type SoakedTab = {
  messages: number;
  /** Messages that a gap event reported. */
  missing: number;
  /** Each message came once and in order, and a gap event reported each missing one. */
  inOrder: boolean;
  acked: number;
  refused: number;
};

/** `sent`: messages of the server and the tabs, due in each tab. `ms`: the whole run with the catching up. */
export type Soaked = { sent: number; kills: number; ms: number; caughtUpMs: number; tabs: readonly SoakedTab[] };

/** Publishes without waiting. */
const PUBLISH = (count: number): string => `(() => {
  for (let i = 0; i < ${count}; i++)
    void keeper.channel('${TOPIC}').publish({ n: 0 }).then(({ ok }) => { published[ok ? 'acked' : 'refused'] += 1 });
})()`;

const messagesIn = async (tabs: readonly BareTab[]): Promise<readonly number[]> =>
  (await Promise.all(tabs.map(receivedIn))).map(({ messages }) => messages);

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
    await tab.evaluate('globalThis.published = { acked: 0, refused: 0 }');
  }
  return tabs;
};

/** Keeps the rate: a late turn shortens the next pause. */
const publishAndKill = async (
  browser: BareBrowser,
  tabs: readonly BareTab[],
  lab: FaultClient,
  seconds: number,
): Promise<{ sent: number; kills: number }> => {
  const count = PER_SECOND / TURNS_A_SECOND;
  const startedAt = performance.now();
  let [sent, kills] = [0, 0];
  for (let turn = 1; turn <= seconds * TURNS_A_SECOND; turn += 1) {
    const publisher = tabs[turn % TABS];
    await Promise.all([lab.publish({ topic: TOPIC, count, everyMs: 0 }), publisher?.evaluate(PUBLISH(count))]);
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
  const { messages, missing, inOrder } = await receivedIn(tab);
  const { acked, refused } = (await tab.evaluate('published')) as Pick<SoakedTab, 'acked' | 'refused'>;
  return { messages: messages - before, missing, inOrder, acked, refused };
};

/** Resolves when each tab has received `sent` more messages, or when no tab receives any more. */
const caughtUp = async (tabs: readonly BareTab[], before: readonly number[], sent: number): Promise<void> => {
  let [newest, since] = ['', performance.now()];
  while (performance.now() < since + STALLED_MS) {
    const counts = await messagesIn(tabs);
    if (counts.every((count, index) => count - (before[index] ?? 0) >= sent)) return;
    if (newest !== counts.join()) [newest, since] = [counts.join(), performance.now()];
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
  const before = await messagesIn(tabs);
  const startedAt = performance.now();
  const { sent, kills } = await publishAndKill(browser, tabs, lab, seconds);
  const sentAt = performance.now();
  await caughtUp(tabs, before, sent);
  const endedAt = performance.now();
  const outcomes = await Promise.all(tabs.map((tab, index) => outcomeOf(tab, before[index] ?? 0)));
  return { sent, kills, ms: endedAt - startedAt, caughtUpMs: endedAt - sentAt, tabs: outcomes };
};
