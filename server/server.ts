import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { DEMO_ACCOUNT, type Account } from './auth/accounts.ts';
import { apiRoutes } from './api-routes.ts';
import { openServerServices, type ServerServices } from './server-services.ts';
import { createServerClock, createSystemClock } from './base/server-clock.ts';
import { noticeText, type NotifyOperator } from './base/operator-notice.ts';
import { lockDataDir } from './base/data-dir.ts';
import { appFaultPoint, requestPipeline, providerFaultPoint } from './request-pipeline.ts';
import { BARE_HEADERS } from './http/headers.ts';
import { DEFAULT_HEARTBEAT_MS } from './realtime/hub.ts';
import { problemResponse, type Env } from './http/route-helpers.ts';
import { DEFAULT_CLIENT_ID, DEFAULT_SCOPE, EXTERNAL_SCOPE, keeperConfig } from './worker/keeper-config.ts';
import { createFaultRoutes } from './fault-routes.ts';
import { DEFAULT_PORT, startHttpServer, stopHttpServer, type HttpServer } from './http/http-server.ts';
import type { FreezableConnection } from './realtime/freezable-socket.ts';
import { openLmdbStore } from './base/lmdb-store.ts';
import { createProvider, isGrantActive } from './provider/provider.ts';
import { createTokenVerifier, type TokenVerifier } from './auth/token-verifier.ts';
import { setSubject } from './http/request-context.ts';
import { createStaticHandler } from './static.ts';
import { createUpgradeListener } from './realtime/websocket-upgrade.ts';

export type ServerOptions = {
  /** Port of the application; 0 takes any free one. */
  port?: number | undefined;
  /** Address to listen on. */
  host?: string | undefined;
  /** Folder for all data that must survive a restart. */
  dataDir: string;
  /** Port of the embedded provider. Default: the application's port plus one, or with port 0 the next free one. */
  providerPort?: number | undefined;
  /** Serves the fault routes `/lab/…`, and shows the demo account on the sign-in page. */
  faultRoutes?: boolean | undefined;
  /** Folder of the built application, by default `dist`; `false`: a dev server serves the application. */
  distDir?: string | false | undefined;
  /** Origin of a dev server that proxies to this server. */
  devOrigin?: string | undefined;
  /** Public origin behind a reverse proxy, such as `https://app.example`. The proxy must forward `Host`. */
  publicOrigin?: string | undefined;
  /** Public origin of the embedded provider behind a reverse proxy. It must differ from the application's. */
  publicIssuer?: string | undefined;
  /** Issuer of an external OpenID provider; the server then starts no embedded one. */
  issuer?: string | undefined;
  clientId?: string | undefined;
  scope?: string | undefined;
  /** `provider`: a sign-out continues at the provider, to end the sign-in there too, if the provider supports it. */
  logout?: 'local' | 'provider' | undefined;
  accounts?: readonly Account[] | undefined;
  /** Paths of the site's own worker scripts. The browser refuses all other workers (CSP `worker-src`). */
  workers?: readonly string[] | undefined;
  /** Whether pages enforce Trusted Types (https://w3c.github.io/trusted-types/), by default `true`. */
  trustedTypes?: boolean | undefined;
  /** Number of the key from which the seal secrets derive. A higher number rotates the key: see worker-secret.ts. */
  sealKey?: number | undefined;
  /** Silence (ms) after which a hub connection counts as dead. The server sends it to clients in `hello`. */
  heartbeatMs?: number | undefined;
  /** Sockets that the server opens per second. Further clients get a later slot in `Retry-After`. */
  acceptsPerSecond?: number | undefined;
  /** How long a disconnected client still counts as present (ms). */
  presenceGraceMs?: number | undefined;
  /** Receives what only the operator can judge or repair. Default: a line on standard error. */
  onNotice?: NotifyOperator | undefined;
};

export type RunningServer = {
  /** Origin of the application, for example `http://localhost:4173`. */
  url: string;
  /** Origins of application and provider on this machine, without the reverse proxy. */
  local: { app: string; provider: string };
  /** Issuer identifier of the provider in use. */
  issuer: string;
  /** Asks sockets to reconnect later, finishes requests, and flushes the store. Takes at most five seconds. */
  stop(): Promise<void>;
};

const DEFAULT_DIST_DIR = 'dist';
const DEFAULT_HOST = '127.0.0.1';
/** Audience of the access tokens for the API (RFC 8707). */
const AUDIENCE = 'urn:session-keeper:api';
const REQUESTS_FINISH_WITHIN_MS = 3_000;
const SOCKETS_CLOSE_WITHIN_MS = 1_000;
const LOCAL_ADDRESSES = new Set(['127.0.0.1', 'localhost', '::1']);
const ANY_ADDRESSES = new Set(['0.0.0.0', '::']);

type OpenPort = HttpServer & {
  /** Handles requests from now on. */
  setListener(listener: RequestListener): void;
};

/** Opens the port before its services exist, because their URLs contain the port. Answers 503 until then. */
const openPort = async (port: number, host: string, orNext = false): Promise<OpenPort> => {
  let listener: RequestListener = (_request, response) =>
    void response.writeHead(503, { ...BARE_HEADERS, 'retry-after': '1' }).end();
  const server = await startHttpServer((request, response) => listener(request, response), port, host, orNext);
  return {
    ...server,
    setListener: (next) => {
      listener = next;
    },
  };
};

const publicName = (host: string): string =>
  LOCAL_ADDRESSES.has(host) || ANY_ADDRESSES.has(host) ? 'localhost' : host;

const appOrigins = (host: string, port: number, { publicOrigin, devOrigin }: ServerOptions): string[] => {
  if (publicOrigin !== undefined) return [publicOrigin];
  const names = publicName(host) === 'localhost' ? ['localhost', '127.0.0.1'] : [host];
  return [...names.map((name) => `http://${name}:${port}`), ...(devOrigin === undefined ? [] : [devOrigin])];
};

const localOrigins = (host: string, app: number, provider: number | undefined): RunningServer['local'] => {
  const originOf = (port: number): string => `http://${publicName(host)}:${port}`;
  return { app: originOf(app), provider: originOf(provider ?? app + 1) };
};

/** What the parts of a running server share. */
type ServerContext = {
  options: ServerOptions;
  services: ServerServices;
  tokenVerifier: TokenVerifier;
  origins: readonly string[];
  issuer: string;
  clientId: string;
};

const createEmbeddedProvider = async ({ options, services, origins, issuer, clientId }: ServerContext) => {
  const { store, accounts, loginRateLimit, lifetimes, reusePolicy, tokenVersion, stats, revocations } = services;
  const provider = await createProvider({
    issuer,
    clientId,
    appOrigins: origins,
    store,
    accounts,
    loginRateLimit,
    lifetimes,
    reusePolicy,
    steadyNow: services.clock.steadyNow,
    onRestored: () => services.notify({ type: 'store-restored' }),
    tokenVersion,
    accessTokens: 'jwt',
    audience: AUDIENCE,
    dpop: 'required',
    rotation: true,
    showHint: options.faultRoutes === true,
    onGranted(ctx, grantType) {
      if (grantType === 'refresh_token') stats.refreshGrants += 1;
      const accountId = ctx.oidc?.entities.Account?.accountId;
      if (accountId !== undefined) setSubject(ctx.req, accountId);
    },
    onRevoked: (grantId) => void revocations.revoke(`provider:${grantId}`),
  });
  const callback = provider.callback();
  return (request: IncomingMessage, response: ServerResponse): void => void callback(request, response);
};

const createApp = ({ options, services, tokenVerifier, origins, issuer, clientId }: ServerContext) => {
  const api = { ...services, origins, tokenVerifier };
  const faultRoutes = options.faultRoutes ? createFaultRoutes(api) : undefined;
  const embedded = options.issuer === undefined;
  const scope = options.scope ?? (embedded ? DEFAULT_SCOPE : EXTERNAL_SCOPE);
  const serveFile = createStaticHandler({
    distDir: options.distDir ?? DEFAULT_DIST_DIR,
    origins,
    issuerOrigin: new URL(issuer).origin,
    config: keeperConfig({ issuer, clientId, scope, embedded, logout: options.logout }),
    workerSecrets: services.workerSecrets,
    workers: options.workers ?? [],
    trustedTypes: options.trustedTypes !== false,
  });
  const app = new Hono<Env>();
  if (faultRoutes) app.route('/lab', faultRoutes.routes);
  app.route('/', apiRoutes(api));
  app.all('/lab/*', () =>
    problemResponse({
      status: 404,
      code: 'not-found',
      detail: 'The fault routes are off. Start the server with --lab to use them.',
    }),
  );
  app.all('*', serveFile);
  app.onError((error) => {
    console.error(error);
    return problemResponse({ status: 500, code: 'server-error', detail: 'The server failed to handle this request.' });
  });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const listener: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(BARE_HEADERS)) response.setHeader(name, value);
    void handle(request, response);
  };
  return { listener, stop: () => faultRoutes?.stop() };
};

const stopSockets = async ({ hub, eventStreams }: ServerServices): Promise<void> => {
  const open: readonly FreezableConnection[] = [...hub.sockets(), ...eventStreams.sockets()];
  hub.drain();
  eventStreams.drain();
  const timeout = setTimeout(() => open.forEach((socket) => socket.drop()), SOCKETS_CLOSE_WITHIN_MS);
  await Promise.all(open.map(({ closed }) => closed));
  clearTimeout(timeout);
  eventStreams.stop();
  await hub.stop();
};

type Cleanup = () => Promise<unknown>;

const openPorts = async (options: ServerOptions, host: string, cleanups: Cleanup[]) => {
  const app = await openPort(options.port ?? DEFAULT_PORT, host);
  cleanups.push(() => stopHttpServer(app, REQUESTS_FINISH_WITHIN_MS));
  if (options.issuer !== undefined) return { app, provider: undefined };
  const anyPort = options.port === 0 && options.providerPort === undefined;
  const provider = await openPort(options.providerPort ?? app.port + 1, host, anyPort);
  cleanups.push(() => stopHttpServer(provider, REQUESTS_FINISH_WITHIN_MS));
  return { app, provider };
};

/** Adds a cleanup for each part that it opens, so that the caller can close them when a later part fails. */
const openServer = async (options: ServerOptions, dir: string, cleanups: Cleanup[]): Promise<RunningServer> => {
  const host = options.host ?? DEFAULT_HOST;
  const { app, provider } = await openPorts(options, host, cleanups);
  const notify = options.onNotice ?? ((notice) => console.warn(noticeText(notice)));
  const steady = createSystemClock({ onNotice: notify });
  const store = openLmdbStore(dir, steady.now);
  const services = await openServerServices(store, createServerClock(0, steady), {
    ...options,
    notify,
    accounts: options.accounts ?? [DEMO_ACCOUNT],
    heartbeatMs: options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
    uploadsDir: join(dir, 'uploads'),
  });
  const { clock, tokenVersion } = services;
  const origins = appOrigins(host, app.port, options);
  const local = localOrigins(host, app.port, provider?.port);
  const issuer = options.issuer ?? options.publicIssuer ?? local.provider;
  const clientId = options.clientId ?? DEFAULT_CLIENT_ID;
  const tokenVerifier = createTokenVerifier({
    ...{ issuer, clientId, clock, embedded: provider !== undefined },
    ...(provider && { audience: AUDIENCE, internalUrl: local.provider }),
    ...(provider && { isGrantActive: isGrantActive(store, tokenVersion) }),
  });
  const context: ServerContext = { options, services, tokenVerifier, origins, issuer, clientId };
  const pipeline = { ...services, origins, loopbackOnly: LOCAL_ADDRESSES.has(host) };
  const { listener, stop } = createApp(context);

  app.server.on('upgrade', createUpgradeListener({ ...services, origins }));
  provider?.setListener(
    requestPipeline(
      { ...pipeline, publicOrigin: options.publicIssuer },
      providerFaultPoint,
      await createEmbeddedProvider(context),
    ),
  );
  app.setListener(requestPipeline({ ...pipeline, publicOrigin: options.publicOrigin }, appFaultPoint, listener));
  cleanups.push(async () => {
    stop();
    await stopSockets(services);
  });
  return {
    url: origins[0] ?? '',
    local,
    issuer,
    async stop() {
      await Promise.all(cleanups.map((cleanup) => cleanup()));
      await store.close();
    },
  };
};

/**
 * Starts the server in this process. Rejects with `DataDirError` for a data folder that cannot be used, and with Node's
 * `EADDRINUSE` for a port that is taken.
 */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const { dir, release } = lockDataDir(options.dataDir);
  const cleanups: Cleanup[] = [];
  try {
    const running = await openServer(options, dir, cleanups);
    let stopping: Promise<void> | undefined;
    return { ...running, stop: () => (stopping ??= running.stop().finally(release)) };
  } catch (error) {
    await Promise.all(cleanups.map((cleanup) => cleanup()));
    release();
    throw error;
  }
};
