import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { startServer } from '../../server/server.ts';
import { TEST_SECRET } from '../../test/support/server/test-secret.ts';

/** A server of bench/server-cost/server-cost.ts in a process of its own. It sends its URL, and answers `memory` with its bytes. */
export type ServerPart = 'keeper' | 'empty' | 'bare-sockets';

/** Sockets of one person are bounded, so the load has many people. */
export const PEOPLE = 64;
/** The heap and what the kernel does not count: the resident set, after a collection. */
const bytes = (): number => {
  for (let times = 0; times < 4; times += 1) globalThis.gc?.();
  return process.memoryUsage().rss;
};

const listen = async (server: ReturnType<typeof createServer>): Promise<string> => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
};

const startKeeper = async (): Promise<{ url: string; issuer: string }> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-bench-'));
  const accounts = Array.from({ length: PEOPLE }, (_, n) => ({
    username: `user${n}`,
    password: `user${n}`,
    name: 'User',
    apiKey: `key${n}`,
  }));
  const options = { port: 0, dataDir, accounts, distDir: false as const, secret: TEST_SECRET };
  const server = await startServer({ ...options, acceptsPerSecond: 100_000, heartbeatMs: 600_000 });
  process.once('SIGTERM', () => {
    void server
      .stop()
      .then(() => rm(dataDir, { recursive: true, force: true }))
      .then(() => process.exit(0));
  });
  return { url: server.local.app, issuer: server.issuer };
};

/** The same framework with a handler that only answers. */
const startEmpty = async (): Promise<{ url: string; issuer: string }> => {
  const app = new Hono().get('/api/v1/auth/whoami', (c) => c.json({ sub: 'demo', name: 'Demo User' }));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return { url: await listen(createServer((request, response) => void listener(request, response))), issuer: '' };
};

/** The `ws` library alone, with the same options. */
const startBareSockets = async (): Promise<{ url: string; issuer: string }> => {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (ws) => ws.on('message', () => ws.send('["hello",{}]')));
  return { url: await listen(server), issuer: '' };
};

const STARTS: Readonly<Record<ServerPart, () => Promise<{ url: string; issuer: string }>>> = {
  keeper: startKeeper,
  empty: startEmpty,
  'bare-sockets': startBareSockets,
};

if (process.send) {
  process.on('message', () => process.send?.(bytes()));
  const part = process.argv[2];
  if (part === 'keeper' || part === 'empty' || part === 'bare-sockets') process.send(await STARTS[part]());
}
