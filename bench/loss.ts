import { setTimeout as rest } from 'node:timers/promises';
import { startBareBrowser } from '../test/support/browser/bare-browser.ts';
import { connectIn } from '../test/support/page/bare-keeper.ts';
import { startSilentNetwork } from '../test/support/server/silent-network.ts';

/*
 * Measures how soon the worker replaces a lost socket, from the moment of the loss. In the first case the server closes
 * the socket. In the second one the network drops its packets silently. In the third one it drops those of every
 * connection of the browser.
 */

const HEARTBEAT_MS = 2_000;
const TICKET = '/api/v1/socket/ticket';
/** The worker counts a connection that it lost sooner as unstable, and backs off longer. */
const SETTLED_MS = 5_500;
const LOOK_EVERY_MS = 5;
const GIVE_UP_MS = 120_000;

const network = await startSilentNetwork({ heartbeatMs: HEARTBEAT_MS });
const { server, bypass } = network.proxy;
const browser = await startBareBrowser({ args: [`--proxy-server=${server}`, `--proxy-bypass-list=${bypass}`] });

type Loss = { triedMs: number; backMs: number };
const openedAt = async (): Promise<number> =>
  Number(
    await browser.evaluate(
      `(({ state, since }) => state === 'open' ? since : 0)(keeper.snapshot.sockets['/api/socket'])`,
    ),
  );

const lose = async (how: () => unknown): Promise<Loss> => {
  await rest(SETTLED_MS);
  await network.faults.clearLog();
  const lostAt = Date.now();
  await how();
  let backAt = 0;
  while (backAt <= lostAt) {
    if (Date.now() > lostAt + GIVE_UP_MS) throw new Error(`The socket did not open again within ${GIVE_UP_MS} ms.`);
    await rest(LOOK_EVERY_MS);
    backAt = await openedAt();
  }
  const tried = (await network.faults.log()).find(({ path }) => path === TICKET);
  return { triedMs: (tried?.at ?? Infinity) - lostAt, backMs: backAt - lostAt };
};

const CASES = [
  { name: 'cut by the server', rounds: 20, how: () => network.faults.dropSockets(), of: 'backMs', withinMs: 250 },
  {
    name: 'silent network, the socket',
    rounds: 10,
    how: () => network.silence('sockets'),
    of: 'triedMs',
    withinMs: HEARTBEAT_MS + 3_000,
  },
  {
    name: 'silent network, all connections',
    rounds: 2,
    how: () => network.silence('everything'),
    of: 'backMs',
    withinMs: 30_000,
  },
] as const;

const spread = (values: readonly number[]): string => {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((ms) => `${ms} ms`).join(' | ');
};

try {
  await connectIn(browser, `${network.origin}/`, 'sign in');
  console.log('| loss | rounds | first try: min | median | max | back: min | median | max | |');
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const { name, rounds, how, of, withinMs } of CASES) {
    const losses: Loss[] = [];
    while (losses.length < rounds) losses.push(await lose(how));
    const worst = Math.max(...losses.map((loss) => loss[of]));
    if (worst > withinMs) process.exitCode = 1;
    const verdict = `${of === 'backMs' ? 'back' : 'tried'} within ${withinMs} ms: ${worst <= withinMs ? 'yes' : 'NO'}`;
    const [tried, back] = [losses.map(({ triedMs }) => triedMs), losses.map(({ backMs }) => backMs)];
    console.log(`| ${name} | ${rounds} | ${spread(tried)} | ${spread(back)} | ${verdict} |`);
  }
} finally {
  await browser.close();
  await network.stop();
}
