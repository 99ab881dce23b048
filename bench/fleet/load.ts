import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineName, markdownTable, writeFigures } from '../../scripts/docs/figures.ts';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { ended, start } from '../../scripts/process/run.ts';
import { startRedis, type RedisProcess } from '../../scripts/redis/start-redis.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { startFleetClient } from './client.ts';
import type { LoadClient } from './load-client.ts';
import { startSocketIoClient } from './socket-io-client.ts';

/*
 * What a fleet of 1, 2 and 4 instances delivers, and what it costs, beside Socket.IO with its Redis streams adapter in the same
 * run. The clients are in this process, so on a small machine they and the instances take the processor from each other: ratios
 * hold better than rates. `--docs` writes the table into the documents.
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
const MIB = 1024 * 1024;

/** Resident memory (bytes) of a process. */
const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
};

/** Seconds that Redis has used of the processor. */
const processorOf = async (redis: RedisProcess): Promise<number> => {
  const info = await redis.command('INFO cpu');
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0);
  return seconds('used_cpu_sys') + seconds('used_cpu_user');
};

type Instance = { url: string; child: ReturnType<typeof start>; pid: number };

const launch = async (args: readonly string[]): Promise<Instance> => {
  const child = start('node', ['--import', 'tsx', ...args], { stdout: 'pipe', stderr: 'pipe' });
  const url = (await ready(child, (line) => console.error(line))).replace(/\/$/, '');
  return { url, child, pid: child.pid ?? 0 };
};

/** A server under load. `prepare` resolves with how to connect the client with this number. */
type Server = {
  startInstance(store: string, dir: string): Promise<Instance>;
  prepare(urls: readonly string[]): Promise<(n: number) => LoadClient>;
};

const loginAll = async (url: string): Promise<string[]> => {
  const tokens: string[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const body = JSON.stringify({ username: `user${n}`, password: `user${n}` });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1/auth/login`, { method: 'POST', headers, body });
    tokens.push(((await answer.json()) as { access_token: string }).access_token);
  }
  return tokens;
};

const personOf = (n: number): number => Math.floor(n / PER_PERSON);

/** The instances by turns, as a balancer chooses them. */
const byTurns = (urls: readonly string[]): (() => string) => {
  let turn = 0;
  return () => urls[(turn += 1) % urls.length] ?? '';
};

const SERVERS: Readonly<Record<string, Server>> = {
  keeper: {
    startInstance: async (store, dir) =>
      launch(['bench/fleet/instance.ts', String(await freePortPair()), store, dir, String(PEOPLE)]),
    prepare: async (urls) => {
      const tokens = await loginAll(urls[0] ?? '');
      const next = byTurns(urls);
      return (n) => startFleetClient({ name: `c${n}`, token: () => tokens[personOf(n)] ?? '', next });
    },
  },
  'socket.io': {
    startInstance: (store) => launch(['bench/fleet/socket-io-instance.ts', store]),
    prepare: async (urls) => {
      const next = byTurns(urls);
      return (n) => startSocketIoClient(next(), String(personOf(n)));
    },
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

const measure = async (name: string, server: Server, count: number): Promise<readonly string[]> => {
  process.stderr.write(`${name}, ${count} instances …\n`);
  const dir = mkdtempSync(join(tmpdir(), 'keeper-load-'));
  const redis = await startRedis();
  const instances = await Promise.all(Array.from({ length: count }, () => server.startInstance(redis.url, dir)));
  const memory = async (): Promise<number> =>
    (await Promise.all(instances.map(({ pid }) => memoryOf(pid)))).reduce((sum, each) => sum + each, 0);
  const connect = await server.prepare(instances.map(({ url }) => url));
  const before = await memory();
  const clients = await openClients(connect);
  const perSocket = ((await memory()) - before) / CLIENTS;

  const processor = await processorOf(redis);
  const startedAt = performance.now();
  const total = SECONDS * Number(values.rate);
  for (let n = 0; n < total; n += 1) {
    clients[(n * PER_PERSON) % clients.length]?.publish(`m${n}`);
    await resolveAfter(Math.max(0, startedAt + ((n + 1) * 1_000) / Number(values.rate) - performance.now()));
  }
  while (clients.some(({ unacked }) => unacked > 0)) await resolveAfter(20);
  const seconds = (performance.now() - startedAt) / 1_000;
  const perMessage = (((await processorOf(redis)) - processor) / total) * 1e6;
  await resolveAfter(1_000);

  const latencies = clients.flatMap(({ sight }) => sight.latencies).toSorted((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  for (const client of clients) client.close();
  for (const { child } of instances) {
    const end = ended(child);
    child.kill('SIGTERM');
    await end;
  }
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
  return [
    name,
    String(count),
    String(CLIENTS),
    (total / seconds).toFixed(0),
    (latencies.length / seconds).toFixed(0),
    `${at(0.5)} / ${at(0.99)}`,
    `${(perSocket / 1024).toFixed(1)} kB`,
    `${perMessage.toFixed(0)} µs`,
    `${(before / count / MIB).toFixed(0)} MiB`,
  ];
};

const HEAD = [
  'server',
  'instances',
  'sockets',
  'messages/s',
  'deliveries/s',
  'delivery p50 / p99 (ms)',
  'memory of a socket',
  'Redis for each message',
  'idle instance',
];
const rows = [HEAD];
console.log(machineName());
for (const count of values.instances.split(',').map(Number))
  for (const name of values.servers.split(',')) {
    const server = SERVERS[name];
    if (!server) throw new Error(`There is no server "${name}". Choose from ${Object.keys(SERVERS).join()}.`);
    rows.push([...(await measure(name, server, count))]);
  }
const body = markdownTable(rows);
console.log(body);
const flags = process.argv.slice(2).filter((flag) => flag !== '--docs');
const command = ['npm run bench:fleet', ...(flags.length > 0 ? ['--', ...flags] : [])].join(' ');
if (values.docs) await writeFigures({ name: 'fleet', command, body });
process.exit(0);
