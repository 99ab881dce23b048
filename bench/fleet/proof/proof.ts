import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ChildProcess } from 'node:child_process';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { ended, start } from '../../scripts/process/run.ts';
import { startRedis, type RedisProcess } from '../../scripts/redis/start-redis.ts';
import { startSentinel } from '../../scripts/redis/start-sentinel.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { startFleetClient, type FleetClient } from './client.ts';

/*
 * Three instances on a Redis with a replica. People publish and read all the time, while the instances restart one after the
 * other, Redis restarts, and its replica is promoted. At the end each session must be alive. Each reader must have each
 * acknowledged message once, or have got a gap.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    clients: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '50' },
  },
});
const SECONDS = Number(values.seconds);
const CLIENTS = Number(values.clients);
/** Sockets of one person are bounded. */
const PER_PERSON = 20;
const PEOPLE = Math.max(1, Math.ceil(CLIENTS / PER_PERSON));
const INSTANCES = 3;
/** Else a master waits for further replicas before it sends its data. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0'];
/** For each client that was given a slot. */
const MAX_DIALS = 1.01;
const SETTLE_WITHIN_MS = 90_000;

/** `isUp`: what `/readyz` says to a balancer. */
type Instance = { url: string; isUp: boolean; restart(): Promise<void>; stop(): Promise<void> };

const startInstance = async (store: string, dir: string): Promise<Instance> => {
  const port = await freePortPair();
  let child: ChildProcess;
  const launch = async (): Promise<string> => {
    const args = ['--import', 'tsx', 'bench/fleet/instance.ts', String(port), store, dir, String(PEOPLE)];
    child = start('node', args, { stdout: 'pipe', stderr: 'pipe' });
    return ready(child, (line) => console.error(line));
  };
  const stop = async (): Promise<void> => {
    const end = ended(child);
    child.kill('SIGTERM');
    await end;
  };
  const url = (await launch()).replace(/\/$/, '');
  const instance: Instance = {
    url,
    isUp: true,
    stop,
    async restart() {
      instance.isUp = false;
      await stop();
      await launch();
      instance.isUp = true;
    },
  };
  return instance;
};

type Tokens = { access_token: string; refresh_token: string };
const post = async (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** The first answer that is no 503: the store may be away for a moment. */
const persistently = async (ask: () => Promise<Response>): Promise<Response> => {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask().catch(() => undefined);
    if (answer && answer.status !== 503) return answer;
    if (tries > 60) throw new Error('The fleet does not answer.');
    await resolveAfter(500);
  }
};

type World = {
  master: RedisProcess;
  instances: Instance[];
  sentinel: { port: number; command(line: string): Promise<string> };
  /** The instances by turns, as a balancer chooses them. */
  next(): string;
};

/** With the time since the start. */
const say = (text: string): void => console.error(`${performance.now().toFixed(0).padStart(7)} ms  ${text}`);

/** The faults, spread over the time of the run. */
const disturb = async ({ master, instances, sentinel }: World): Promise<void> => {
  const pauseMs = (SECONDS * 1_000) / (INSTANCES + 3);
  for (const [at, instance] of instances.entries()) {
    await resolveAfter(pauseMs);
    await instance.restart();
    say(`Instance ${at + 1} has restarted.`);
  }
  await resolveAfter(pauseMs);
  await master.restart();
  say('Redis has restarted.');
  await resolveAfter(pauseMs);
  say(`The replica is promoted: ${(await sentinel.command('SENTINEL FAILOVER main')).split('\r\n')[0]}`);
  await resolveAfter(pauseMs);
};

const publishAll = async (writers: readonly FleetClient[], until: () => boolean): Promise<void> => {
  const everyMs = 1_000 / Number(values.rate);
  const startedAt = performance.now();
  for (let n = 0; !until(); n += 1) {
    writers[n % writers.length]?.publish(`m${n}`);
    await resolveAfter(Math.max(0, startedAt + (n + 1) * everyMs - performance.now()));
  }
};

/** Whether each reader has all that was acknowledged to the writer of its person, or knows of a gap. */
const missingAt = (readers: readonly FleetClient[], writer: FleetClient | undefined): number =>
  readers.reduce((sum, { sight }) => {
    const missing = [...(writer?.acked ?? [])].filter((id) => !sight.got.has(id)).length;
    return sum + (sight.gaps > 0 ? 0 : missing);
  }, 0);

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const report = (people: readonly FleetClient[][], sessionsLost: number): boolean => {
  const all = people.flat();
  const sum = (of: (client: FleetClient) => number): number => all.reduce((total, client) => total + of(client), 0);
  const lost = people.reduce((total, clients) => total + missingAt(clients, clients[0]), 0);
  const doubled = sum(({ sight }) =>
    sight.forks + sight.gaps > 0 ? 0 : [...sight.got.values()].filter((n) => n > 1).length,
  );
  const latencies = all.flatMap(({ sight }) => sight.latencies).toSorted((a, b) => a - b);
  const [drains, dials] = [sum(({ sight }) => sight.drains), sum(({ sight }) => sight.dialsAfterDrain)];
  const bad = { sessionsLost, lost, doubled, outOfOrder: sum(({ sight }) => sight.outOfOrder) };
  const rows: readonly (readonly [string, number | string])[] = [
    ['clients, people, instances', `${all.length}, ${people.length}, ${INSTANCES}`],
    ['messages acknowledged', sum(({ acked }) => acked.size)],
    ['deliveries', latencies.length],
    ['sessions lost', bad.sessionsLost],
    ['acknowledged messages lost without a gap', bad.lost],
    ['messages doubled without a fork or gap', bad.doubled],
    ['messages out of order', bad.outOfOrder],
    [
      'gaps, forks that readers were informed of',
      `${sum(({ sight }) => sight.gaps)}, ${sum(({ sight }) => sight.forks)}`,
    ],
    ['dials for each client with a slot', drains === 0 ? 'none had one' : (dials / drains).toFixed(3)],
    ['delivery p50, p99 (ms)', `${percentile(latencies, 0.5)}, ${percentile(latencies, 0.99)}`],
  ];
  console.log('| what | figure |\n|---|---|');
  for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
  // One more for a run with few clients.
  const isPaced = dials <= drains * MAX_DIALS + 1;
  return isPaced && Object.values(bad).every((count) => count === 0) && latencies.length > 0;
};

const run = async (world: World): Promise<boolean> => {
  const tokens: Tokens[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const body = { username: `user${n}`, password: `user${n}` };
    tokens.push((await (await post(`${world.next()}/api/v1/auth/login`, body)).json()) as Tokens);
  }
  const people = tokens.map(({ access_token: token }, person) =>
    Array.from({ length: Math.min(PER_PERSON, CLIENTS - person * PER_PERSON) }, (_, n) =>
      startFleetClient({ name: `c${person}-${n}`, token: () => token, next: world.next }),
    ),
  );
  while (!people.flat().every(({ isOpen }) => isOpen)) await resolveAfter(100);
  say(`${CLIENTS} clients are connected.`);

  let isOver = false;
  const publishing = publishAll(
    people.flatMap(([writer]) => writer ?? []),
    () => isOver,
  );
  await Promise.all([disturb(world), resolveAfter(SECONDS * 1_000)]);
  isOver = true;
  say('The faults are over.');
  await publishing;
  const isSettled = (): boolean =>
    people.every((clients) => clients[0]?.unacked === 0 && missingAt(clients, clients[0]) === 0);
  for (const deadline = performance.now() + SETTLE_WITHIN_MS; !isSettled() && performance.now() < deadline;)
    await resolveAfter(200);

  say('All is delivered.');
  let sessionsLost = 0;
  for (const { refresh_token: token } of tokens) {
    const { status } = await persistently(() => post(`${world.next()}/api/v1/auth/refresh`, { refresh_token: token }));
    if (status !== 200) sessionsLost += 1;
  }
  for (const client of people.flat()) client.close();
  return report(people, sessionsLost) && isSettled();
};

const main = async (): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-fleet-'));
  const master = await startRedis(AT_ONCE);
  const replica = await startRedis([...AT_ONCE, '--replicaof', `127.0.0.1 ${master.port}`]);
  // A restart of Redis alone must not lead to a failover: the run has one of its own.
  const sentinel = await startSentinel('main', master.port, ['sentinel down-after-milliseconds main 10000']);
  while (!(await master.command('INFO replication')).includes('state=online')) await resolveAfter(100);
  while (!(await sentinel.command('SENTINEL replicas main')).includes(String(replica.port))) await resolveAfter(100);
  const store = `redis+sentinel://127.0.0.1:${sentinel.port}/main`;
  const instances = await Promise.all(Array.from({ length: INSTANCES }, () => startInstance(store, dir)));
  let turn = 0;
  const next = (): string => {
    const up = instances.filter(({ isUp }) => isUp);
    turn += 1;
    return up[turn % up.length]?.url ?? '';
  };
  const isGood = await run({ master, instances, sentinel, next });
  await Promise.all(instances.map((instance) => instance.stop()));
  await Promise.all([sentinel.stop(), replica.stop(), master.stop()]);
  rmSync(dir, { recursive: true, force: true });
  process.exit(isGood ? 0 : 1);
};

await main();
