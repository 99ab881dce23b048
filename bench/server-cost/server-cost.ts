/**
 * What the server costs (`npm run bench:server`). It compares requests a second of `GET /api/v1/auth/whoami`, with a bearer
 * token and with DPoP, to those of an empty handler of the same framework. It compares the memory of an idle socket to that
 * of one of the bare `ws` library. All run in turn, in one run. Fails below the bounds. `--docs` writes the figures into the
 * documents.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { markdownTable, writeFigures } from '../../scripts/docs/figures.ts';
import type { ServerPart } from './server-part.ts';
import { requestRate } from './request-rate.ts';
import { openIdleSockets } from './idle-sockets.ts';
import { signInForLoad } from './load-sign-in.ts';

const ROUNDS = 3;
const REQUESTS = 6_000;
const CONNECTIONS = 16;
const SOCKETS = 2_000;
const BOUNDS = { bearerOfEmpty: 0.5, dpopOfBearer: 0.6, socketBytes: 14_000 };

const PART = fileURLToPath(new URL('./server-part.ts', import.meta.url));

/** A server in a process of its own, so that the load does not run on its event loop. */
const startPart = async (part: ServerPart) => {
  // As docs/how-to/operate-the-server.md says.
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism()) };
  const child: ChildProcess = fork(PART, [part], { env, execArgv: ['--import', 'tsx', '--expose-gc'] });
  const answer = <T>(question?: string): Promise<T> =>
    new Promise((done, fail) => {
      child.once('message', (message) => done(message as T));
      child.once('exit', (code) => fail(new Error(`The ${part} server ended (exit ${code}).`)));
      if (question !== undefined) child.send(question);
    });
  const { url, issuer } = await answer<{ url: string; issuer: string }>();
  return { url, issuer, bytes: () => answer<number>('memory'), stop: () => child.kill('SIGTERM') };
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const headers = (count: number, one: (n: number) => Record<string, string>) =>
  Array.from({ length: count }, (_, n) => one(n));

const failures: string[] = [];
const table = [['what', 'figure', 'bound']];
const row = (name: string, value: string, isMet: boolean, bound: string): void => {
  table.push([name, value, bound]);
  console.log(`${name.padEnd(44)} ${value.padStart(12)}   ${isMet ? 'ok' : 'FAILS'} (${bound})`);
  if (!isMet) failures.push(name);
};

const rates = async (): Promise<void> => {
  const empty = await startPart('empty');
  const keeper = await startPart('keeper');
  const { bearer, proofs } = await signInForLoad(keeper.url, keeper.issuer);
  const path = '/api/v1/auth/whoami';
  const seen: Record<'empty' | 'bearer' | 'dpop', number[]> = { empty: [], bearer: [], dpop: [] };
  const measure = async (kind: keyof typeof seen, url: string, requests: readonly Record<string, string>[]) =>
    seen[kind].push(await requestRate({ url: url + path, requests, connections: CONNECTIONS }));
  // The first round warms the code up, and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    await measure(
      'empty',
      empty.url,
      headers(REQUESTS, () => ({})),
    );
    await measure(
      'bearer',
      keeper.url,
      headers(REQUESTS, () => bearer),
    );
    await measure('dpop', keeper.url, await proofs(keeper.url + path, REQUESTS));
  }
  empty.stop();
  keeper.stop();
  const rate = { empty: 0, bearer: 0, dpop: 0 };
  for (const kind of ['empty', 'bearer', 'dpop'] as const) {
    rate[kind] = median(seen[kind].slice(1));
    const name = { empty: 'an empty handler', bearer: 'whoami with a bearer token', dpop: 'whoami with DPoP' }[kind];
    table.push([name, `${Math.round(rate[kind])} requests a second`, '']);
    console.log(`${kind.padEnd(44)} ${`${Math.round(rate[kind])}/s`.padStart(12)}`);
  }
  const bearerShare = rate.bearer / rate.empty;
  const dpopShare = rate.dpop / rate.bearer;
  row(
    'bearer of empty',
    bearerShare.toFixed(2),
    bearerShare >= BOUNDS.bearerOfEmpty,
    `at least ${BOUNDS.bearerOfEmpty}`,
  );
  row('DPoP of bearer', dpopShare.toFixed(2), dpopShare >= BOUNDS.dpopOfBearer, `at least ${BOUNDS.dpopOfBearer}`);
};

const socketBytes = async (part: ServerPart): Promise<number> => {
  const server = await startPart(part);
  const warm = await openIdleSockets(server, part, SOCKETS / 10);
  const before = await server.bytes();
  const sockets = await openIdleSockets(server, part, SOCKETS);
  const bytes = ((await server.bytes()) - before) / SOCKETS;
  for (const socket of [...warm, ...sockets]) socket.terminate();
  server.stop();
  return bytes;
};

if (!process.argv.includes('--sockets')) await rates();
const bare = await socketBytes('bare-sockets');
const own = await socketBytes('keeper');
console.log(`${'idle socket of ws'.padEnd(44)} ${`${Math.round(bare)} B`.padStart(12)}`);
row('idle socket', `${Math.round(own)} B`, own <= BOUNDS.socketBytes, `at most ${BOUNDS.socketBytes} B`);
if (process.argv.includes('--docs'))
  await writeFigures({ name: 'server', command: 'npm run bench:server', body: markdownTable(table) });
if (failures.length > 0) {
  console.error(`Too slow or too large: ${failures.join(', ')}. Other work on this machine changes the figures.`);
  process.exitCode = 1;
}
