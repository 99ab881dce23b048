import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { ended, start } from '../../scripts/process/run.ts';
import { startRedis, type RedisProcess } from '../../scripts/redis/start-redis.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { startFleetClient } from './client.ts';

/*
 * What a fleet of 1, 2 and 4 instances delivers, and what it costs. The clients are in this process, so on a small machine
 * they and the instances take the processor from each other: ratios hold better than rates.
 */

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    instances: { type: 'string', default: '1,2,4' },
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

const startInstance = async (store: string, dir: string) => {
  const args = ['--import', 'tsx', 'bench/fleet/instance.ts', String(await freePortPair()), store, dir, String(PEOPLE)];
  const child = start('node', args, { stdout: 'pipe', stderr: 'pipe' });
  const url = (await ready(child, (line) => console.error(line))).replace(/\/$/, '');
  return { url, child, pid: child.pid ?? 0 };
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

const openClients = async (urls: readonly string[], tokens: readonly string[]) => {
  const clients: ReturnType<typeof startFleetClient>[] = [];
  let turn = 0;
  for (let n = 0; n < CLIENTS; n += 1) {
    const token = tokens[Math.floor(n / PER_PERSON)] ?? '';
    const next = (): string => urls[(turn += 1) % urls.length] ?? '';
    clients.push(startFleetClient({ name: `c${n}`, token: () => token, next }));
    while (clients.filter(({ isOpen }) => !isOpen).length > DIALS_AT_ONCE) await resolveAfter(10);
  }
  while (!clients.every(({ isOpen }) => isOpen)) await resolveAfter(50);
  return clients;
};

const measure = async (count: number): Promise<string> => {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-load-'));
  const redis = await startRedis();
  const instances = await Promise.all(Array.from({ length: count }, () => startInstance(redis.url, dir)));
  const memory = async (): Promise<number> =>
    (await Promise.all(instances.map(({ pid }) => memoryOf(pid)))).reduce((sum, each) => sum + each, 0);
  const tokens = await loginAll(instances[0]?.url ?? '');
  const before = await memory();
  const clients = await openClients(
    instances.map(({ url }) => url),
    tokens,
  );
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
  const cells = [
    count,
    CLIENTS,
    (total / seconds).toFixed(0),
    (latencies.length / seconds).toFixed(0),
    `${at(0.5)} / ${at(0.99)}`,
    `${(perSocket / 1024).toFixed(1)} kB`,
    `${perMessage.toFixed(0)} µs`,
    `${(before / count / MIB).toFixed(0)} MiB`,
  ];
  return `| ${cells.join(' | ')} |`;
};

console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`);
console.log(
  '| instances | sockets | messages/s | deliveries/s | delivery p50 / p99 (ms) | memory of a socket | Redis for each message | idle instance |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const count of values.instances.split(',').map(Number)) console.log(await measure(count));
process.exit(0);
