import { setTimeout as rest } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startApp } from '../test/support/server/app.ts';
import { startBareBrowser, type BareTab } from '../test/support/browser/bare-browser.ts';
import { connectIn } from '../test/support/page/bare-keeper.ts';
import { createFaultClient } from '../test/support/server/fault-client.ts';

/*
 * Sends a burst of messages on one topic to many tabs, in two ways that alternate in the same browser. With
 * `keeper.channel` all tabs share one upstream; in the other way each tab opens its own `keeper.1` socket. Each round uses
 * a new topic. The measured time begins with the request to publish and ends when the slowest tab has every message. It
 * includes the server's disk in both ways. `--tabs N`, `--rounds N`.
 */

const BURST = 3_000;
const BYTES = 150;
/** Time for the last subscription to reach the server. */
const SETTLED_MS = 500;

const { values } = parseArgs({
  options: { tabs: { type: 'string', default: '30' }, rounds: { type: 'string', default: '5' } },
});
const [TABS, ROUNDS] = [Number(values.tabs), Number(values.rounds)];

type Way = 'shared' | 'own';

const COUNT = `globalThis.received = { count: 0 };
  globalThis.full = new Promise((resolve) => { received.add = () => { if (++received.count === ${BURST}) resolve(Date.now()) } });`;

const SHARED = (topic: string): string => `(async () => {
  ${COUNT}
  const channel = keeper.channel('${topic}');
  globalThis.leave = () => channel.close();
  void (async () => { for await (const { data } of channel) if (data.n > 0) received.add() })();
  await channel.publish('here');
})()`;

const OWN = (topic: string, host: string): string => `(async () => {
  ${COUNT}
  const { ticket } = await (await fetch('/api/v1/socket/ticket', { method: 'POST' })).json();
  const name = btoa(ticket).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const socket = new WebSocket('/api/socket', ['keeper.1', 'keeper.ticket.' + name]);
  globalThis.leave = () => socket.close();
  await new Promise((resolve) => {
    const send = (frame) => socket.send(JSON.stringify(frame));
    socket.onopen = () => send(['hi', { host: '${host}', epoch: 1 }]);
    socket.onmessage = (event) => {
      const [kind, first, , , data] = JSON.parse(event.data);
      if (kind === 'hello') send(['sub', 1, '${topic}', null]);
      if (kind === 'ok') resolve();
      if (kind === 'p') send(['q', first]);
      if (kind === 'ev' && data.n > 0) received.add();
    };
  });
})()`;

const app = await startApp();
const browser = await startBareBrowser();
const lab = createFaultClient(app.origin);

/** Messages a second to each tab. */
const measure = async (way: Way, tabs: readonly BareTab[], topic: string): Promise<number> => {
  await Promise.all(
    tabs.map((tab, index) => tab.evaluate(way === 'own' ? OWN(topic, `${topic}-${index}`) : SHARED(topic))),
  );
  await rest(SETTLED_MS);
  const startedAt = Date.now();
  await lab.publish({ topic, count: BURST, everyMs: 0, bytes: BYTES });
  const full = await Promise.all(tabs.map((tab) => tab.evaluate('full') as Promise<number>));
  await Promise.all(tabs.map((tab) => tab.evaluate('void leave()')));
  return (BURST * 1_000) / (Math.max(...full) - startedAt);
};

const spread = (all: readonly number[], digits: number): string => {
  const sorted = all.toSorted((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
    .map((value) => value?.toFixed(digits))
    .join(' / ');
};

try {
  const tabs: BareTab[] = [browser];
  while (tabs.length < TABS) tabs.push(await browser.open());
  for (const [index, tab] of tabs.entries())
    await connectIn(tab, `${app.origin}/`, index === 0 ? 'sign in' : 'is there');
  const perSecond: Record<Way, number[]> = { shared: [], own: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const ways: readonly Way[] = round % 2 === 0 ? ['shared', 'own'] : ['own', 'shared'];
    for (const way of ways) perSecond[way].push(await measure(way, tabs, `burst-${round}-${way}`));
  }
  const ratios = perSecond.shared.map((shared, round) => shared / (perSecond.own[round] ?? NaN));
  console.log(`${TABS} tabs, ${ROUNDS} rounds; messages a second to each tab: min / median / max`);
  console.log(`shared: ${spread(perSecond.shared, 0)}; own: ${spread(perSecond.own, 0)}`);
  console.log(`shared / own, round by round: ${spread(ratios, 1)}`);
} finally {
  await browser.close();
  await app.stop();
}
