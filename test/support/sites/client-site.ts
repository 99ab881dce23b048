import type { IncomingMessage } from 'node:http';
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
import { SOCKJS, startLibraryServers } from '../protocols/library-servers.ts';

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
const IN_QUERY = { ...TICKET, carry: 'query' } as const;
const SOCKETS: readonly SocketConfig[] = [
  { url: '/graphql', codec: 'graphql-transport-ws', ticket: TICKET },
  { url: '/socket.io/?EIO=4&transport=websocket', codec: 'socket.io', ticket: TICKET },
  { url: '/rooms/', codec: 'private', ticket: TICKET },
  { url: '/all', codec: 'broadcast', ticket: TICKET },
  // These servers choose no subprotocol.
  { url: '/phoenix/websocket?vsn=2.0.0', codec: 'phoenix', ticket: IN_QUERY },
  { url: '/realtime/v1/websocket?apikey=key&vsn=2.0.0', codec: 'phoenix', ticket: IN_QUERY },
  { url: '/centrifuge', codec: 'centrifuge', ticket: IN_QUERY },
  { url: '/query/', codec: 'private', ticket: IN_QUERY },
];

/** Some clients stop for good after 4401. */
const COMES_BACK = 1012;

const bakedWith = (sockets: readonly SocketConfig[]): InjectedConfig => ({
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
    sockets,
  },
});

const PAGE =
  '<!doctype html><title>clients</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const bundle = async (input: string, format: 'es' | 'iife', file: string): Promise<Map<string, string>> => {
  const build = await rolldown({
    input,
    platform: 'browser',
    transform: {
      target: 'es2022',
      // Libraries of the time before `globalThis`.
      define: { 'process.env.NODE_ENV': '"production"', __BUILD__: '"clients"', global: 'globalThis' },
    },
    // nats.ws looks for Node's `crypto`, and runs without it.
    onLog: (level, log, report) =>
      log.code === 'UNRESOLVED_IMPORT' && log.id?.includes('nats.ws') ? undefined : report(level, log),
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

const bundleScripts = async (isTable: boolean): Promise<Map<string, string>> => {
  const input = isTable ? 'client-table/page.ts' : 'client-libraries.ts';
  const page = await bundle(path(`../../browser/client-libraries/${input}`), 'es', 'page.js');
  const worker = await bundle(path('../../clients/sw.ts'), 'iife', 'sw.js');
  const baked = bakedWith(isTable ? SOCKETS.map((socket) => ({ ...socket, signedOutCode: COMES_BACK })) : SOCKETS);
  const script = `self.${CONFIG_GLOBAL} = ${JSON.stringify(baked)};\n${worker.get('/sw.js') ?? ''}`;
  return new Map([...page, ['/sw.js', script], ['/keeper-pulse.js', '']]);
};

/** `table`: with every client of client-table.spec.ts, and their servers. */
export const startClientSite = async (kind: 'libraries' | 'table' = 'libraries'): Promise<ClientSite> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-clients-'));
  const isTable = kind === 'table';
  const [scripts, libraries] = [await bundleScripts(isTable), isTable ? await startLibraryServers() : undefined];
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
  app.get(`${SOCKJS}/info`, (context) =>
    context.json({ websocket: true, origins: ['*:*'], cookie_needed: false, entropy: 1 }),
  );
  app.post('/rooms/colyseus/matchmake/*', (context) =>
    context.json({ room: { name: 'echo', roomId: 'r', processId: 'p' }, sessionId: 's' }),
  );
  app.get('*', (context) => {
    const script = scripts.get(context.req.path);
    const type = script === undefined ? 'text/html' : 'text/javascript';
    return context.body(script ?? PAGE, 200, { 'content-type': type, 'cache-control': 'no-cache' });
  });
  const admit = async (request: IncomingMessage): Promise<boolean> => {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/, */);
    const ticket = offered.find((name) => name.startsWith(TICKET_SUBPROTOCOL_PREFIX));
    const text =
      ticket === undefined
        ? new URL(request.url ?? '/', origin).searchParams.get('token')
        : Buffer.from(ticket.slice(TICKET_SUBPROTOCOL_PREFIX.length), 'base64url').toString('utf8');
    return text !== null && (await backend.tickets.redeem('socket', text)) !== undefined;
  };
  const servers = startClientServers(listening.server, admit, libraries);
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
