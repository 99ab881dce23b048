import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { rolldown } from 'rolldown';
import { DEMO_ACCOUNT } from '../../../server/auth/accounts.ts';
import { apiRoutes } from '../../../server/api-routes.ts';
import { openServerServices } from '../../../server/server-services.ts';
import { createServerClock } from '../../../server/base/server-clock.ts';
import type { Env } from '../../../server/http/route-helpers.ts';
import { startHttpServer, stopHttpServer } from '../../../server/http/http-server.ts';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { createLmdbStorage } from '../../../server/storage/lmdb-storage.ts';
import { createTokenVerifier } from '../../../server/auth/token-verifier.ts';
import { CONFIG_GLOBAL, type InjectedConfig, type SocketConfig } from '../../../src/protocol/config.ts';
import { TICKET_SUBPROTOCOL_PREFIX } from '../../../src/protocol/frames.ts';
import { startClientServers, type ClientServers } from './client-servers.ts';

/** A site with the backend's API, the servers of the client libraries, and pages that bundle the clients. */
export type ClientSite = {
  readonly origin: string;
  readonly servers: ClientServers;
  /** Serves a worker of another build from now on. */
  deploy(): void;
  stop(): Promise<void>;
};

const HEARTBEAT_MS = 10_000;
const STOPS_WITHIN_MS = 100;

const TICKET = { url: '/api/v1/socket/ticket', method: 'POST', carry: 'protocol' } as const;
const SOCKETS: readonly SocketConfig[] = [
  { url: '/graphql', codec: 'graphql-transport-ws', ticket: TICKET },
  { url: '/socket.io/?EIO=4&transport=websocket', codec: 'socket.io', ticket: TICKET },
  { url: '/rooms/', codec: 'private', ticket: TICKET },
  { url: '/all', codec: 'broadcast', ticket: TICKET },
];

const BAKED: InjectedConfig = {
  config: {
    api: [{ origin: 'self', path: '/api/' }],
    whoami: '/api/v1/auth/whoami',
    signIn: {
      password: {
        login: '/api/v1/auth/login',
        refresh: '/api/v1/auth/refresh',
        logout: '/api/v1/auth/logout',
        reuseGraceMs: 10_000,
      },
    },
    sockets: SOCKETS,
  },
};

const PAGE =
  '<!doctype html><title>clients</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const bundle = async (input: string, format: 'es' | 'iife', file: string): Promise<Map<string, string>> => {
  const build = await rolldown({
    input,
    platform: 'browser',
    transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"', __BUILD__: '"clients"' } },
  });
  const { output } = await build.generate({
    format,
    codeSplitting: format === 'es',
    entryFileNames: file,
    chunkFileNames: '[name]-[hash].js',
  });
  await build.close();
  return new Map(output.flatMap((each) => (each.type === 'chunk' ? [[`/${each.fileName}`, each.code] as const] : [])));
};

const bundleScripts = async (): Promise<Map<string, string>> => {
  const page = await bundle(path('../../browser/client-libraries/client-libraries.ts'), 'es', 'page.js');
  const worker = await bundle(path('../../clients/sw.ts'), 'iife', 'sw.js');
  const script = `self.${CONFIG_GLOBAL} = ${JSON.stringify(BAKED)};\n${worker.get('/sw.js') ?? ''}`;
  return new Map([...page, ['/sw.js', script], ['/keeper-pulse.js', '']]);
};

export const startClientSite = async (): Promise<ClientSite> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-clients-'));
  const scripts = await bundleScripts();
  const store = openLmdbStore(dir);
  const clock = createServerClock();
  const uploadsDir = join(dir, 'uploads');
  const accounts = [DEMO_ACCOUNT];
  const notify = (): void => undefined;
  const backend = await openServerServices(createLmdbStorage(store), clock, {
    accounts,
    heartbeatMs: HEARTBEAT_MS,
    uploadsDir,
    notify,
  });
  const app = new Hono<Env>();
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const listening = await startHttpServer((request, response) => void answer(request, response), 0, '127.0.0.1');
  const origin = `http://localhost:${listening.port}`;
  // No test signs in by OpenID here, so this issuer gets no request.
  const tokenVerifier = createTokenVerifier({ issuer: origin, clientId: 'none', clock, embedded: false });
  app.route('/', apiRoutes({ ...backend, origins: [origin], tokenVerifier }));
  app.get('*', (context) => {
    const script = scripts.get(context.req.path);
    const type = script === undefined ? 'text/html' : 'text/javascript';
    return context.body(script ?? PAGE, 200, { 'content-type': type, 'cache-control': 'no-cache' });
  });
  const servers = startClientServers(listening.server, async (request) => {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/, */);
    const ticket = offered.find((name) => name.startsWith(TICKET_SUBPROTOCOL_PREFIX));
    if (ticket === undefined) return false;
    const text = Buffer.from(ticket.slice(TICKET_SUBPROTOCOL_PREFIX.length), 'base64url').toString('utf8');
    return (await backend.tickets.redeem('socket', text)) !== undefined;
  });
  return {
    origin,
    servers,
    deploy: () => void scripts.set('/sw.js', `${scripts.get('/sw.js') ?? ''}\n// newer`),
    stop: async () => {
      await servers.close();
      await stopHttpServer(listening, STOPS_WITHIN_MS);
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
