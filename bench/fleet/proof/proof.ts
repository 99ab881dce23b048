import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isBuilt } from '../../../scripts/build/fingerprint.ts';
import { commandOf, writeFigures } from '../../../scripts/docs/figures.ts';
import { ended, start } from '../../../scripts/process/run.ts';
import { startRedis, type RedisProcess } from '../../../scripts/redis/start-redis.ts';
import { startSentinel } from '../../../scripts/redis/start-sentinel.ts';
import { resolveAfter } from '../../../src/protocol/timing/timer.ts';
import { startBalancer } from './balancer.ts';
import { openBrowser, PAGE, type FleetBrowser } from './browser.ts';
import { startFleetClient, type FleetClient } from '../client.ts';
import { byTurns, startKeeper, type Instance } from '../fleet.ts';
import { signIn, type Person } from '../person.ts';
import { missingAt, reportOf, type Household } from './report.ts';

/*
 * Three instances on a Redis with a replica. People publish and read all the time, some of them in a browser too. Meanwhile the
 * instances restart one after the other, Redis restarts, and its replica is promoted. At the end each session must be alive.
 * Each reader must have each acknowledged message once, or have got a gap. `--replicas 0`: a message is acknowledged before the
 * replica has it, so a promotion may lose it.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    clients: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '50' },
    browsers: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '1' },
    docs: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(values.seconds);
const CLIENTS = Number(values.clients);
const BROWSERS = Number(values.browsers);
/** Sockets of one person are bounded: these, and one of a browser. */
const PER_PERSON = 19;
const PEOPLE = Math.max(1, Math.ceil(CLIENTS / PER_PERSON));
const INSTANCES = 3;
/** Else a master waits for further replicas before it sends its data. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0'];
const SETTLE_WITHIN_MS = 90_000;

/** One with a browser, if `browser` is there. */
type Someone = { person: Person; clients: FleetClient[]; browser: FleetBrowser | undefined };

type World = {
  master: RedisProcess;
  instances: readonly Instance[];
  sentinel: { port: number; command(line: string): Promise<string> };
  next(): string;
  /** The balancer's address, for browsers. */
  origin: string;
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

const startPeople = async ({ next, origin }: World): Promise<Someone[]> => {
  const people: Someone[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const person = await signIn(n, next);
    const count = Math.min(PER_PERSON, CLIENTS - n * PER_PERSON);
    const clients = Array.from({ length: count }, (_, at) => startFleetClient({ name: `c${n}-${at}`, person, next }));
    people.push({ person, clients, browser: n < BROWSERS ? await openBrowser(origin, `user${n}`) : undefined });
  }
  const clients = people.flatMap((someone) => someone.clients);
  while (!clients.every(({ isOpen }) => isOpen)) await resolveAfter(100);
  say(`${CLIENTS} clients and ${BROWSERS} browsers are connected.`);
  return people;
};

const lookAt = (people: readonly Someone[]): Promise<Household[]> =>
  Promise.all(people.map(async ({ clients, browser }) => ({ clients, pages: browser ? [await browser.view()] : [] })));

/** Resolves when each reader has each message, or when the time for it is over. */
const settle = async (people: readonly Someone[]): Promise<{ households: Household[]; isSettled: boolean }> => {
  for (const deadline = performance.now() + SETTLE_WITHIN_MS; ; await resolveAfter(200)) {
    const households = await lookAt(people);
    const isSettled = households.every((each) => each.clients[0]?.unacked === 0 && missingAt(each) === 0);
    if (isSettled || performance.now() > deadline) return { households, isSettled };
  }
};

const isSignedIn = async ({ person, browser }: Someone): Promise<boolean> =>
  (await person.renew()) && (!browser || ((await browser.isSignedIn()) && (await browser.view()).ends === 0));

const run = async (world: World): Promise<boolean> => {
  const people = await startPeople(world);
  let isOver = false;
  const publishing = publishAll(
    people.flatMap(({ clients: [writer] }) => writer ?? []),
    () => isOver,
  );
  await Promise.all([disturb(world), resolveAfter(SECONDS * 1_000)]);
  isOver = true;
  say('The faults are over.');
  await publishing;
  const { households, isSettled } = await settle(people);
  say(isSettled ? 'All is delivered.' : 'Not all is delivered.');
  let sessionsLost = 0;
  for (const someone of people) if (!(await isSignedIn(someone))) sessionsLost += 1;
  for (const { clients } of people) for (const client of clients) client.close();
  await Promise.all(people.flatMap(({ browser }) => browser?.close() ?? []));
  const { table, isGood } = reportOf({ people: households, instances: INSTANCES, sessionsLost });
  console.log(table);
  if (values.docs) await writeFigures({ name: 'fleet-proof', command: commandOf('bench:fleet:proof'), body: table });
  return isGood && isSettled;
};

/** A copy of the build, with the page of the browsers. */
const filesIn = async (dir: string): Promise<string> => {
  if (!(await isBuilt(process.cwd(), 'dist'))) {
    say('Building, because something changed since the last build.');
    const code = await ended(start('vite', ['build', '--logLevel', 'warn'], { stdout: 'stderr' }));
    if (code !== 0) throw new Error('The build failed: see above.');
  }
  const files = join(dir, 'files');
  cpSync('dist', files, { recursive: true });
  writeFileSync(join(files, PAGE.file), PAGE.text);
  return files;
};

const main = async (): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-fleet-'));
  const master = await startRedis(AT_ONCE);
  const replica = await startRedis([...AT_ONCE, '--replicaof', `127.0.0.1 ${master.port}`]);
  // A restart of Redis alone must not lead to a failover: the run has one of its own.
  const sentinel = await startSentinel('main', master.port, ['sentinel down-after-milliseconds main 10000']);
  while (!(await master.command('INFO replication')).includes('state=online')) await resolveAfter(100);
  while (!(await sentinel.command('SENTINEL replicas main')).includes(String(replica.port))) await resolveAfter(100);
  const store = `redis+sentinel://127.0.0.1:${sentinel.port}/main?replicas=${values.replicas}`;
  const instances: Instance[] = [];
  const next = byTurns(() => instances);
  const balancer = await startBalancer(next);
  const { origin } = balancer;
  try {
    const files = await filesIn(dir);
    const launch = (): Promise<Instance> => startKeeper({ store, dir, people: PEOPLE, origin, files });
    instances.push(...(await Promise.all(Array.from({ length: INSTANCES }, launch))));
    process.exitCode = (await run({ master, instances, sentinel, next, origin })) ? 0 : 1;
  } finally {
    balancer.stop();
    await Promise.all(instances.map((instance) => instance.stop()));
    await Promise.all([sentinel.stop(), replica.stop(), master.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
};

await main();
// Connections that a fault cut may keep timers.
process.exit();
