import { setTimeout as rest } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startApp } from '../test/support/server/app.ts';
import { startBareBrowser, type BareTab } from '../test/support/browser/bare-browser.ts';
import { ordinaryAccount } from '../test/support/browser/bare-process.ts';
import { createFaultClient, type FaultClient } from '../test/support/server/fault-client.ts';
import { startFrameProxy, type FrameProxy } from '../test/support/server/frame-proxy.ts';

/*
 * Compares one upstream for all tabs with a socket in each tab. Both ways alternate in the same browser and run.
 * `--tabs N`, `--rounds N`.
 *
 * Latency is the time from the server's send to the tab's `message` event, at 100 frames of 200 B a second. Throughput is
 * the number of frames per second that each tab receives of a burst, until the slowest tab has all of it. The clock
 * offset between tab and server is that of the fastest of several round trips. A first round warms up and does not count.
 *
 * The browser must not run as root: there, Chromium gives the threads that receive messages a higher priority.
 */

const FRAMES_A_SECOND = 100;
const PACED_SECONDS = 3;
const BURST = 3_000;
const FILLING = '.'.repeat(150);
const CLOCK_QUESTIONS = 15;
const EVENTS = '/api/events';
const LOOK_EVERY_MS = 5;
const OPEN_WITHIN_MS = 20_000;
const LATENCY_RATIO_MAX = 1.1;
const THROUGHPUT_RATIO_MIN = 8;

const { values } = parseArgs({
  options: { tabs: { type: 'string', default: '30' }, rounds: { type: 'string', default: '5' } },
});
const [TABS, ROUNDS] = [Number(values.tabs), Number(values.rounds)];

type Way = 'shared' | 'own';

const CONNECT = `import('/keeper.js').then(async ({ connect }) => {
  globalThis.keeper = await connect({ worker: '/sw.js' });
  globalThis.now = () => performance.timeOrigin + performance.now();
})`;
const SIGN_IN = `keeper.signIn({ kind: 'ticket', apiKey: 'demo-key' })`;

/** Keeps only numbers: the count of frames, and the latency of each frame that carries its send time. */
const LISTEN = (way: Way): string => `(async () => {
  const received = globalThis.received = { count: 0, took: [] };
  const { token } = ${way === 'own'} ? await (await fetch('/api/auth/token')).json() : {};
  const socket = globalThis.socket = ${
    way === 'own' ? `new WebSocket('${EVENTS}?token=' + encodeURIComponent(token))` : `keeper.socket('${EVENTS}')`
  };
  socket.onmessage = ({ data }) => {
    const { at } = JSON.parse(data);
    received.count += 1;
    if (at !== 0) received.took.push(now() - at);
  };
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onclose = () => reject(new Error('closed')) });
  socket.onclose = null;
})()`;
const CLOSE = `new Promise((resolve) => { socket.onclose = resolve; socket.close() }).then(() => undefined)`;

const now = (): number => performance.timeOrigin + performance.now();
const frame = (at: number): string => JSON.stringify({ type: 'tick', at, filling: FILLING });

/** How far (ms) the tab's clock is ahead of ours. */
const aheadOf = async (tab: BareTab): Promise<number> => {
  let best = { roundTripMs: Infinity, aheadMs: 0 };
  for (let asked = 0; asked < CLOCK_QUESTIONS; asked += 1) {
    const before = now();
    const there = Number(await tab.evaluate('now()'));
    const after = now();
    if (after - before < best.roundTripMs)
      best = { roundTripMs: after - before, aheadMs: there - (before + after) / 2 };
  }
  return best.aheadMs;
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = now() + OPEN_WITHIN_MS;
  while (!(await holds())) {
    if (now() > deadline) throw new Error(`A tab did not get there within ${OPEN_WITHIN_MS} ms.`);
    await rest(LOOK_EVERY_MS);
  }
};

const countIn = async (tab: BareTab): Promise<number> => Number(await tab.evaluate('received.count'));

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;

type Figures = { p50Ms: number; p99Ms: number; perSecond: number };

const paced = async (proxy: FrameProxy, tabs: readonly BareTab[], ahead: readonly number[]): Promise<number[]> => {
  const startedAt = now();
  const frames = FRAMES_A_SECOND * PACED_SECONDS;
  for (let sent = 1; sent <= frames; sent += 1) {
    proxy.inject(frame(now()), EVENTS);
    await rest(Math.max(0, (sent * 1_000) / FRAMES_A_SECOND - (now() - startedAt)));
  }
  for (const tab of tabs) await until(async () => (await countIn(tab)) >= frames);
  const took = await Promise.all(tabs.map((tab) => tab.evaluate('received.took') as Promise<number[]>));
  return took.flatMap((times, index) => times.map((ms) => ms - (ahead[index] ?? 0))).toSorted((a, b) => a - b);
};

/** Each tab notes the moment when it has all frames, so that no question disturbs the burst. */
const ARM = (count: number): string => `void (globalThis.full = new Promise((resolve) => {
  const { onmessage } = socket;
  socket.onmessage = (event) => { onmessage(event); if (received.count === ${count}) resolve(now()) };
}))`;

const burst = async (proxy: FrameProxy, tabs: readonly BareTab[], ahead: readonly number[]): Promise<number> => {
  const have = FRAMES_A_SECOND * PACED_SECONDS;
  for (const tab of tabs) await tab.evaluate(ARM(have + BURST));
  const text = frame(0);
  const startedAt = now();
  for (let sent = 0; sent < BURST; sent += 1) proxy.inject(text, EVENTS);
  const full = await Promise.all(tabs.map((tab) => tab.evaluate('full') as Promise<number>));
  const lastAt = Math.max(...full.map((at, index) => at - (ahead[index] ?? 0)));
  return (BURST * 1_000) / (lastAt - startedAt);
};

const measure = async (way: Way, lab: FaultClient, proxy: FrameProxy, tabs: readonly BareTab[]): Promise<Figures> => {
  await lab.clearLog();
  await Promise.all(tabs.map((tab) => tab.evaluate(LISTEN(way))));
  // The shared upstream stays open for some seconds after its last tab.
  await until(async () => proxy.count(EVENTS) === (way === 'own' ? TABS : 1));
  const ahead = await Promise.all(tabs.map(aheadOf));
  const times = await paced(proxy, tabs, ahead);
  const perSecond = await burst(proxy, tabs, ahead);
  await Promise.all(tabs.map((tab) => tab.evaluate(CLOSE)));
  const upstreams = (await lab.log()).filter(({ path, status }) => path === EVENTS && status === 101).length;
  if (upstreams > (way === 'own' ? TABS : 1))
    throw new Error(`The browser opened ${upstreams} sockets for ${TABS} tabs (${way}).`);
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), perSecond };
};

const spread = (all: readonly number[], digits: number): string => {
  const sorted = all.toSorted((a, b) => a - b);
  return [sorted[0], quantile(sorted, 0.5), sorted.at(-1)].map((value) => value?.toFixed(digits)).join(' / ');
};

const median = (all: readonly number[]): number =>
  quantile(
    all.toSorted((a, b) => a - b),
    0.5,
  );

const app = await startApp();
const lab = createFaultClient(app.origin);
const proxy = await startFrameProxy(app.origin);
const browser = await startBareBrowser({ account: ordinaryAccount() });
try {
  const tabs: BareTab[] = [browser];
  while (tabs.length < TABS) tabs.push(await browser.open());
  for (const [index, tab] of tabs.entries()) {
    await tab.goto(`${proxy.origin}/`);
    await tab.evaluate(CONNECT);
    if (index === 0) await tab.evaluate(SIGN_IN);
    await until(async () => (await tab.evaluate('keeper.snapshot.session.state')) === 'active');
  }
  const figures: Record<Way, Figures[]> = { shared: [], own: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const way of round % 2 === 0 ? (['shared', 'own'] as const) : (['own', 'shared'] as const)) {
      const measured = await measure(way, lab, proxy, tabs);
      if (round > 0) figures[way].push(measured);
    }
  }
  console.log(`${TABS} tabs, ${ROUNDS} rounds; min / median / max of the rounds`);
  for (const [way, all] of Object.entries(figures)) {
    const of = (pick: keyof Figures, digits: number): string =>
      spread(
        all.map((each) => each[pick]),
        digits,
      );
    console.log(
      `${way}: p50 ${of('p50Ms', 2)} ms, p99 ${of('p99Ms', 1)} ms, ${of('perSecond', 0)} frames/s to each tab`,
    );
  }
  const ratios = (pick: keyof Figures): number[] =>
    figures.shared.map((shared, round) => shared[pick] / (figures.own[round]?.[pick] ?? NaN));
  const [latency, throughput] = [ratios('p50Ms'), ratios('perSecond')];
  console.log(`shared / own, round by round: p50 ${spread(latency, 2)} (at most ${LATENCY_RATIO_MAX}),`);
  console.log(`  throughput ${spread(throughput, 1)} (at least ${THROUGHPUT_RATIO_MIN})`);
  if (median(latency) > LATENCY_RATIO_MAX || median(throughput) < THROUGHPUT_RATIO_MIN) process.exitCode = 1;
} finally {
  await browser.close();
  await proxy.close();
  await app.stop();
}
