import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commandOf, machineName, markdownTable, writeFigures } from '../../scripts/docs/figures.ts';
import { startRedis, type RedisProcess } from '../../scripts/redis/start-redis.ts';
import { DEFAULT_ACCEPTS_PER_SECOND } from '../../server/limits/admission-control.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { needOf, type Demand } from './capacity.ts';
import { startFleetClient } from './client.ts';
import { tablesOf, type Cost } from './cost.ts';
import { byTurns, startInstance, startKeeper, type Instance } from './fleet.ts';
import type { LoadClient } from './load-client.ts';
import { signIn, type Person } from './person.ts';
import { memoryOf, processorOf, sumOf } from './processes.ts';
import { startSocketIoClient } from './socket-io-client.ts';

/*
 * What a fleet of 1, 2 and 4 instances delivers, and what it costs, beside Socket.IO with its Redis streams adapter in the same
 * run. The clients are in this process, so on a small machine they and the instances take the processor from each other: what
 * a delivery costs holds better than rates and times. `--docs` writes the tables into the documents, and what a million
 * clients would need by them.
 */

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    instances: { type: 'string', default: '1,2,4' },
    servers: { type: 'string', default: 'keeper,socket.io' },
    docs: { type: 'boolean', default: false },
  },
});
const CLIENTS = Number(values.clients);
const SECONDS = Number(values.seconds);
/** Sockets of one person are bounded. */
const PER_PERSON = 20;
const PEOPLE = Math.max(1, Math.ceil(CLIENTS / PER_PERSON));
const DIALS_AT_ONCE = 50;
const IDLE_MS = 20_000;

/** Seconds that Redis has used of the processor. */
const processorOfRedis = async (redis: RedisProcess): Promise<number> => {
  const info = await redis.command('INFO cpu');
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0);
  return seconds('used_cpu_sys') + seconds('used_cpu_user');
};

/** A server under load. `prepare` resolves with how to connect the client with this number. */
type Server = {
  startInstance(store: string, dir: string): Promise<Instance>;
  prepare(next: () => string): Promise<(n: number) => LoadClient>;
};

const personOf = (n: number): number => Math.floor(n / PER_PERSON);

const SERVERS: Readonly<Record<string, Server>> = {
  keeper: {
    startInstance: (store, dir) => startKeeper({ store, dir, people: PEOPLE }),
    prepare: async (next) => {
      const people: Person[] = [];
      for (let n = 0; n < PEOPLE; n += 1) people.push(await signIn(n, next));
      return (n) => {
        const person = people[personOf(n)];
        if (!person) throw new Error(`There is no person for client ${n}.`);
        return startFleetClient({ name: `c${n}`, person, next });
      };
    },
  },
  'socket.io': {
    startInstance: (store) => startInstance('bench/fleet/socket-io-instance.ts', [store]),
    prepare: async (next) => (n) => startSocketIoClient(next(), String(personOf(n))),
  },
};

const openClients = async (connect: (n: number) => LoadClient): Promise<LoadClient[]> => {
  const clients: LoadClient[] = [];
  const opening = new Set<LoadClient>();
  while (clients.length < CLIENTS) {
    const client = connect(clients.length);
    clients.push(client);
    opening.add(client);
    while (opening.size > DIALS_AT_ONCE) {
      await resolveAfter(10);
      for (const each of opening) if (each.isOpen) opening.delete(each);
    }
  }
  while (!clients.every(({ isOpen }) => isOpen)) await resolveAfter(50);
  return clients;
};

/** Publishes at the rate. Resolves with its seconds, until all is acknowledged. */
const publishAll = async (clients: readonly LoadClient[], total: number): Promise<number> => {
  const startedAt = performance.now();
  for (let n = 0; n < total; n += 1) {
    clients[(n * PER_PERSON) % clients.length]?.publish(`m${n}`);
    await resolveAfter(Math.max(0, startedAt + ((n + 1) * 1_000) / Number(values.rate) - performance.now()));
  }
  while (clients.some(({ unacked }) => unacked > 0)) await resolveAfter(20);
  return (performance.now() - startedAt) / 1_000;
};

const measure = async (name: string, server: Server, count: number): Promise<Cost> => {
  process.stderr.write(`${name}, ${count} instances …\n`);
  const dir = mkdtempSync(join(tmpdir(), 'keeper-load-'));
  const redis = await startRedis();
  const instances = await Promise.all(Array.from({ length: count }, () => server.startInstance(redis.url, dir)));
  const pids = instances.map(({ pid }) => pid);
  const memory = (): Promise<number> => sumOf(pids, memoryOf);
  const processor = (): Promise<number> => sumOf(pids, processorOf);
  const connect = await server.prepare(byTurns(() => instances));
  const before = { memory: await memory(), processor: await processor() };
  const clients = await openClients(connect);
  const opened = { memory: await memory(), processor: await processor() };
  await resolveAfter(IDLE_MS);
  const idle = { processor: await processor(), redis: await processorOfRedis(redis) };

  const total = SECONDS * Number(values.rate);
  const seconds = await publishAll(clients, total);
  const after = { processor: await processor(), redis: await processorOfRedis(redis) };
  await resolveAfter(1_000);

  const latencies = clients.flatMap(({ sight }) => sight.latencies).toSorted((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  for (const client of clients) client.close();
  await Promise.all(instances.map((instance) => instance.stop()));
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
  const idleSeconds = (idle.processor - opened.processor) / (IDLE_MS / 1_000) / CLIENTS;
  return {
    ...{ server: name, instances: count, sockets: CLIENTS, p50: at(0.5), p99: at(0.99), idleSeconds },
    messages: total / seconds,
    deliveries: latencies.length / seconds,
    socketBytes: (opened.memory - before.memory) / CLIENTS,
    instanceBytes: before.memory / count,
    dialSeconds: (opened.processor - before.processor) / CLIENTS,
    deliverySeconds: (after.processor - idle.processor - idleSeconds * CLIENTS * seconds) / latencies.length,
    redisSecondsPerMessage: (after.redis - idle.redis) / total,
  };
};

/** What a million clients would need: a quiet app, a chat, and a busy board. */
const DEMANDS: readonly Demand[] = [1, 10, 60].map((deliveriesPerMinute) => ({
  ...{ clients: 1_000_000, readers: PER_PERSON, deliveriesPerMinute },
}));

const capacityTable = (costs: readonly Cost[]): string =>
  markdownTable([
    ['messages to each client', 'instances', 'processors', 'memory', 'Redis shards', 'all back after an outage'],
    ...DEMANDS.map((demand) => {
      const need = needOf(demand, costs, DEFAULT_ACCEPTS_PER_SECOND);
      return [
        `${demand.deliveriesPerMinute} a minute`,
        String(need.instances),
        need.cores.toFixed(1),
        `${(need.bytes / 1e9).toFixed(0)} GB`,
        String(need.shards),
        `${need.backWithinSeconds.toFixed(0)} s`,
      ];
    }),
  ]);

const costs: Cost[] = [];
console.log(machineName());
for (const count of values.instances.split(',').map(Number))
  for (const name of values.servers.split(',')) {
    const server = SERVERS[name];
    if (!server) throw new Error(`There is no server "${name}". Choose from ${Object.keys(SERVERS).join()}.`);
    costs.push(await measure(name, server, count));
  }
const body = tablesOf(costs).map(markdownTable).join('\n\n');
const own = costs.filter(({ server }) => server === 'keeper');
const capacity = own.length > 0 ? capacityTable(own) : '';
console.log(`${body}\n\n${capacity}`);
const command = commandOf('bench:fleet');
if (values.docs) {
  await writeFigures({ name: 'fleet', command, body });
  await writeFigures({ name: 'capacity', command, body: capacity });
}
process.exit(0);
