import { setTimeout as rest } from 'node:timers/promises';
import { startBareBrowser, type BareBrowser, type BareTab } from '../browser/bare-browser.ts';
import { heldByWorkers, heldMemory } from '../browser/held-memory.ts';
import { processMemory } from '../browser/processes.ts';
import { connectIn, countIn, receivedIn, type Received } from '../page/bare-keeper.ts';
import { startDeployment, type Deployment } from '../server/deployment.ts';
import { updateToWait } from '../page/update.ts';

/*
 * 200 messages a second on one topic, while tabs come and go. One tab stays for the whole run, and must receive every
 * message once and in order. The others must receive each message once and in order from the moment at which they joined.
 * In each turn one of `EVENTS` happens in the middle of the flood.
 */

const PER_SECOND = 200;
const BATCHES_A_SECOND = 10;
/** How long a visitor stays. */
const STAYS_MS = 1_000;
const STALLED_MS = 20_000;
const LOOK_EVERY_MS = 100;
const UPDATED_WITHIN_MS = 30_000;
const HOUR_MS = 3_600_000;
const TOPIC = 'churn';

/** `discard`: the browser ends the page's process without an event, and the person returns to the tab. */
export const CHURN_EVENTS = [
  'worker update',
  'clock an hour ahead',
  'clock back',
  'tab discarded',
  'worker killed',
  'sockets dropped',
] as const;
type ChurnEvent = (typeof CHURN_EVENTS)[number];

export type Churned = {
  sent: number;
  ms: number;
  /** How often each event happened. */
  events: Readonly<Record<ChurnEvent, number>>;
  /** The tab that stays. */
  resident: Received;
  visitors: number;
  /** What visitors and the discarded tab missed or received twice. */
  faults: readonly string[];
  /** Bytes of the browser with all its pages and workers, after each turn, when only the first two tabs are open. */
  memory: readonly number[];
  /**
   * Bytes that the tab that stays and the worker hold after a garbage collection, once in each round of all events. The
   * browser's own share of `memory` grows with each page and worker that it has ever had.
   */
  held: readonly number[];
};

type Stage = { site: Deployment; browser: BareBrowser; second: BareTab };

const until = async (holds: () => Promise<boolean>, withinMs: number, what: string): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for: ${what}`);
    await rest(LOOK_EVERY_MS);
  }
};

const faultsOf = async (tab: BareTab, who: string): Promise<readonly string[]> => {
  const received = await receivedIn(tab);
  return received.inOrder && received.missing === 0 ? [] : [`${who}: ${JSON.stringify(received)}`];
};

const closeTab = async (browser: BareBrowser, tab: BareTab): Promise<void> => {
  // The answer may never come: the page is gone.
  void tab.debug.command('Page.close').catch(() => undefined);
  await rest(LOOK_EVERY_MS);
  await browser.evaluate('1');
};

/** A tab opens, listens while something happens, and closes. */
const visit = async (
  { browser, site }: Stage,
  who: string,
  happening: () => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const tab = await browser.open();
  await connectIn(tab, site.origin, 'is there');
  await countIn(tab, TOPIC);
  const others = await happening();
  await rest(STAYS_MS);
  const faults = [...others, ...(await faultsOf(tab, who))];
  await closeTab(browser, tab);
  return faults;
};

/** Chromium's page for discards is closed to automation. As in a discard, the page's process ends without an event. */
const discard = async (tab: BareTab, origin: string): Promise<void> => {
  await tab.debug.command('Inspector.enable');
  await new Promise<void>((resolve) => {
    const off = tab.debug.on('Inspector.targetCrashed', () => {
      off();
      resolve();
    });
    // It gets no answer.
    void tab.debug.command('Page.crash');
  });
  await tab.debug.command('Page.reload');
  await connectIn(tab, origin, 'is there');
  await countIn(tab, TOPIC);
};

const update = async (browser: BareBrowser, site: Deployment): Promise<void> => {
  const build = await updateToWait(browser, () => site.deploy());
  const isNew = async (): Promise<boolean> => (await browser.evaluate(`keeper.snapshot.build`)) === build;
  await until(isNew, UPDATED_WITHIN_MS, `the worker ${build}`);
};

const happen = async (event: ChurnEvent, { site, browser, second }: Stage): Promise<readonly string[]> => {
  const { faults } = site;
  switch (event) {
    case 'worker update':
      await update(browser, site);
      return [];
    case 'clock an hour ahead':
      await faults.setClockSkew(HOUR_MS);
      return [];
    case 'clock back':
      await faults.setClockSkew(0);
      return [];
    case 'tab discarded': {
      const before = await faultsOf(second, 'the tab before it was discarded');
      await discard(second, site.origin);
      return before;
    }
    case 'worker killed':
      await browser.killWorkers();
      return [];
    case 'sockets dropped':
      await faults.dropSockets();
      return [];
  }
};

/** Publishes until `isOver`. Keeps the rate: a late batch shortens the next pause. */
const flood = async (site: Deployment, isOver: () => boolean): Promise<number> => {
  const count = PER_SECOND / BATCHES_A_SECOND;
  const startedAt = performance.now();
  let batches = 0;
  while (!isOver()) {
    await site.faults.publish({ topic: TOPIC, count, everyMs: 0 });
    batches += 1;
    await rest(Math.max(0, (batches * 1_000) / BATCHES_A_SECOND - (performance.now() - startedAt)));
  }
  return batches * count;
};

/** Resolves when the tab has received `sent` messages, or when it receives no more. */
const caughtUp = async (tab: BareTab, sent: number): Promise<void> => {
  let [newest, since] = [-1, performance.now()];
  while (newest < sent && performance.now() < since + STALLED_MS) {
    const { messages } = await receivedIn(tab);
    if (messages !== newest) [newest, since] = [messages, performance.now()];
    await rest(LOOK_EVERY_MS);
  }
};

export type ChurnOptions = {
  seconds: number;
  /** After each turn. */
  report?(line: string): void;
};

const run = async (stage: Stage, { seconds, report }: ChurnOptions): Promise<Churned> => {
  const { site, browser, second } = stage;
  const startedAt = performance.now();
  const isOver = (): boolean => performance.now() - startedAt > seconds * 1_000;
  const events = Object.fromEntries(CHURN_EVENTS.map((event) => [event, 0])) as Record<ChurnEvent, number>;
  const [faults, memory, held]: [string[], number[], number[]] = [[], [], []];
  let [turns, hasEnded] = [0, false];
  const flooding = flood(site, () => hasEnded);
  try {
    // A run that is too short for all events gets longer.
    while (!isOver() || turns < CHURN_EVENTS.length) {
      const event = CHURN_EVENTS[turns % CHURN_EVENTS.length] ?? 'worker killed';
      faults.push(...(await visit(stage, `visitor ${turns + 1} (${event})`, () => happen(event, stage))));
      events[event] += 1;
      turns += 1;
      memory.push(await processMemory(browser.pid));
      if (turns % CHURN_EVENTS.length === 0)
        held.push((await heldMemory(browser.debug)) + (await heldByWorkers(browser.host)));
      const mb = [held, memory].map((values) => ((values.at(-1) ?? 0) / 1_000_000).toFixed(1));
      report?.(`turn ${turns}, ${event}: ${mb[0]} MB held of ${mb[1]} MB, ${faults.length} faults`);
    }
  } finally {
    hasEnded = true;
  }
  const sent = await flooding;
  await caughtUp(browser, sent);
  faults.push(...(await faultsOf(second, 'the discarded tab')));
  const resident = await receivedIn(browser);
  return { sent, ms: performance.now() - startedAt, events, resident, visitors: turns, faults, memory, held };
};

export const churn = async (options: ChurnOptions): Promise<Churned> => {
  const site = await startDeployment();
  const browser = await startBareBrowser();
  try {
    await connectIn(browser, site.origin, 'sign in');
    await countIn(browser, TOPIC);
    const second = await browser.open();
    await connectIn(second, site.origin, 'is there');
    await countIn(second, TOPIC);
    return await run({ site, browser, second }, options);
  } finally {
    await browser.close();
    await site.stop();
  }
};

/** How much more the last third of the values is than the first one, on average. */
export const growthOf = (values: readonly number[]): number => {
  const third = Math.max(1, Math.floor(values.length / 3));
  const mean = (some: readonly number[]): number => some.reduce((sum, value) => sum + value, 0) / some.length;
  return mean(values.slice(-third)) - mean(values.slice(0, third));
};
