import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { DEMO_ACCOUNT, type Account } from './auth/accounts.ts';
import { createApi } from './api.ts';
import { openServices, type Services } from './services.ts';
import { createClock } from './base/clock.ts';
import { lockDataDir } from './base/data-dir.ts';
import { appFaultPoint, requestPipeline, providerFaultPoint, type PipelineOptions } from './request-pipeline.ts';
import { BARE_HEADERS } from './http/headers.ts';
import { DEFAULT_HEARTBEAT_MS } from './realtime/hub.ts';
import { problemResponse, type Env } from './http/http.ts';
import { DEFAULT_CLIENT_ID, DEFAULT_SCOPE, FOREIGN_SCOPE, keeperConfig } from './worker/keeper-config.ts';
import { createFaultRoutes } from './fault-routes.ts';
import { close, listen, type HttpServer } from './http/http-server.ts';
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
  /** Folder for all that must survive a restart. */
  dataDir: string;
  /** Port of the embedded provider: the application's plus one, or with port 0 the next free one. */
  providerPort?: number | undefined;
  /** Serves `/lab/…` and the hint on the sign-in page. */
  faultRoutes?: boolean | undefined;
  /** The built application, by default `dist`; `false` serves none (a dev server does). */
  distDir?: string | false | undefined;
  /** Origin of a dev server that stands in front of this one. */
  devOrigin?: string | undefined;
  /** Where people find the application, if a proxy stands in front: `https://app.example`. It has to pass `Host` on. */
  publicOrigin?: string | undefined;
  /** The same for the embedded provider, which needs an origin of its own. */
  publicIssuer?: string | undefined;
  /** Another OpenID provider; the embedded one is then not started. */
  issuer?: string | undefined;
  clientId?: string | undefined;
  scope?: string | undefined;
  /** `provider`: signing out here leads on to the provider, to end its sign-in too, where it can. */
  logout?: 'local' | 'provider' | undefined;
  accounts?: readonly Account[] | undefined;
  /** Paths of further scripts that may be workers, where the site has its own; the browser refuses all others. */
  workers?: readonly string[] | undefined;
  /** Trusted Types, by default enforced: what is given to a page as script or HTML has to be of a named policy. */
  trustedTypes?: boolean | undefined;
  /** Number of the key that the workers' seals come from; a higher one than before replaces it (see seal.ts). */
  sealKey?: number | undefined;
  /** Silence of a hub socket (ms) that means a dead link; told to clients in the greeting. */
  heartbeatMs?: number | undefined;
  /** Sockets that it opens in a second; more are told when to come. */
  acceptsPerSecond?: number | undefined;
  /** How long one who was cut off still counts as present (ms). */
  presenceGraceMs?: number | undefined;
};

export type RunningServer = {
  /** Origin of the application, for example `http://localhost:4173`. */
  url: string;
  /** Where application and provider are reached without the proxy in front. */
  local: { app: string; provider: string };
  /** Issuer identifier of the provider in use. */
  issuer: string;
  /** Sockets are told to come back, requests finish, the store is flushed. Takes five seconds at most. */
  stop(): Promise<void>;
};

export const DEFAULT_PORT = 4173;
const DEFAULT_DIST_DIR = 'dist';
const DEFAULT_HOST = '127.0.0.1';
/** Of the API, as the tokens' audience (RFC 8707). */
const AUDIENCE = 'urn:session-keeper:api';
const REQUESTS_FINISH_WITHIN_MS = 3_000;
const SOCKETS_CLOSE_WITHIN_MS = 1_000;
const LOCAL_ADDRESSES = new Set(['127.0.0.1', 'localhost', '::1']);
const ANY_ADDRESSES = new Set(['0.0.0.0', '::']);

type Late = { listener: RequestListener };

/** Ports are needed before anything can be built with them; until then callers are told to come back. */
const startingUp = (): Late => ({
  listener: (_request, response) => void response.writeHead(503, { ...BARE_HEADERS, 'retry-after': '1' }).end(),
});

const bind = async (late: Late, port: number, host: string, orNext = false): Promise<HttpServer> =>
  listen((request, response) => late.listener(request, response), port, host, orNext);

const publicName = (host: string): string =>
  LOCAL_ADDRESSES.has(host) || ANY_ADDRESSES.has(host) ? 'localhost' : host;

const appOrigins = (host: string, port: number, { publicOrigin, devOrigin }: ServerOptions): string[] => {
  if (publicOrigin !== undefined) return [publicOrigin];
  const names = publicName(host) === 'localhost' ? ['localhost', '127.0.0.1'] : [host];
  return [...names.map((name) => `http://${name}:${port}`), ...(devOrigin === undefined ? [] : [devOrigin])];
};

const localOrigins = (host: string, app: number, provider: number | undefined): RunningServer['local'] => {
  const at = (port: number): string => `http://${publicName(host)}:${port}`;
  return { app: at(app), provider: at(provider ?? app + 1) };
};

const embedProvider = async (
  backend: Services,
  issuer: string,
  clientId: string,
  origins: readonly string[],
  lab: boolean,
) => {
  const { store, accounts, guesses, lifetimes, reuse, epoch, stats, ends } = backend;
  const provider = await createProvider({
    issuer,
    clientId,
    appOrigins: origins,
    store,
    accounts,
    guesses,
    lifetimes,
    reuse,
    epoch,
    accessTokens: 'jwt',
    audience: AUDIENCE,
    dpop: 'required',
    rotation: true,
    showHint: lab,
    onGranted(ctx, grantType) {
      if (grantType === 'refresh_token') stats.refreshGrants += 1;
      const accountId = ctx.oidc?.entities.Account?.accountId;
      if (accountId !== undefined) setSubject(ctx.req, accountId);
    },
    onRevoked: (grantId) => void ends.revoke(`provider:${grantId}`),
  });
  const callback = provider.callback();
  return (request: IncomingMessage, response: ServerResponse): void => void callback(request, response);
};

const createApp = (
  backend: Services,
  tokens: TokenVerifier,
  options: ServerOptions,
  origins: readonly string[],
  issuer: string,
) => {
  const parts = { ...backend, origins, provider: tokens };
  const lab = options.faultRoutes ? createFaultRoutes(parts) : undefined;
  const embedded = options.issuer === undefined;
  const scope = options.scope ?? (embedded ? DEFAULT_SCOPE : FOREIGN_SCOPE);
  const { clientId = DEFAULT_CLIENT_ID, logout } = options;
  const config = keeperConfig({ issuer, clientId, scope, embedded, logout });
  const serveFile = createStaticHandler({
    distDir: options.distDir ?? DEFAULT_DIST_DIR,
    origins,
    issuerOrigin: new URL(issuer).origin,
    config,
    sealer: backend.sealer,
    workers: options.workers ?? [],
    trustedTypes: options.trustedTypes !== false,
  });
  const app = new Hono<Env>();
  if (lab) app.route('/lab', lab.routes);
  app.route('/', createApi(parts));
  app.all('/lab/*', () => problemResponse({ status: 404, code: 'not-found', detail: 'There is no lab here.' }));
  app.all('*', serveFile);
  app.onError((error) => {
    console.error(error);
    return problemResponse({ status: 500, code: 'server-error', detail: 'Something went wrong here.' });
  });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const listener: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(BARE_HEADERS)) response.setHeader(name, value);
    void handle(request, response);
  };
  return { listener, stopLab: () => lab?.stop() };
};

const stopSockets = async ({ hub, events }: Services): Promise<void> => {
  const open: readonly FreezableConnection[] = [...hub.sockets(), ...events.sockets()];
  hub.drain();
  events.drain();
  const cut = setTimeout(() => open.forEach((socket) => socket.drop()), SOCKETS_CLOSE_WITHIN_MS);
  await Promise.all(open.map(({ closed }) => closed));
  clearTimeout(cut);
  events.stop();
  await hub.stop();
};

const openEverything = async (
  options: ServerOptions,
  dir: string,
  opened: (() => Promise<unknown>)[],
): Promise<RunningServer> => {
  const host = options.host ?? DEFAULT_HOST;
  const appLate = startingUp();
  const providerLate = startingUp();
  const app = await bind(appLate, options.port ?? DEFAULT_PORT, host);
  opened.push(() => close(app, REQUESTS_FINISH_WITHIN_MS));
  const anyPort = options.port === 0 && options.providerPort === undefined;
  const embedded = options.issuer === undefined;
  const provider = embedded ? await bind(providerLate, options.providerPort ?? app.port + 1, host, anyPort) : undefined;
  if (provider) opened.push(() => close(provider, REQUESTS_FINISH_WITHIN_MS));

  const store = openLmdbStore(dir);
  const backend = await openServices(store, createClock(), {
    ...options,
    accounts: options.accounts ?? [DEMO_ACCOUNT],
    heartbeatMs: options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
    uploadsDir: join(dir, 'uploads'),
  });
  const origins = appOrigins(host, app.port, options);
  const local = localOrigins(host, app.port, provider?.port);
  const issuer = options.issuer ?? options.publicIssuer ?? local.provider;
  const clientId = options.clientId ?? DEFAULT_CLIENT_ID;
  const own = { audience: AUDIENCE, isGrantActive: isGrantActive(store, backend.epoch), internalUrl: local.provider };
  const tokens = createTokenVerifier({ issuer, clientId, clock: backend.clock, embedded, ...(embedded ? own : {}) });
  const { publicOrigin } = options;
  const parts: PipelineOptions = { ...backend, origins, loopbackOnly: LOCAL_ADDRESSES.has(host), publicOrigin };
  const { listener, stopLab } = createApp(backend, tokens, options, origins, issuer);

  app.server.on('upgrade', createUpgradeListener({ ...backend, origins }));
  if (provider)
    providerLate.listener = requestPipeline(
      { ...parts, publicOrigin: options.publicIssuer },
      providerFaultPoint,
      await embedProvider(backend, issuer, clientId, origins, options.faultRoutes === true),
    );
  appLate.listener = requestPipeline(parts, appFaultPoint, listener);
  opened.push(async () => {
    stopLab();
    await stopSockets(backend);
  });
  return {
    url: origins[0] ?? '',
    local,
    issuer,
    async stop() {
      await Promise.all(opened.map((stop) => stop()));
      await store.close();
    },
  };
};

/** Starts the whole backend in this process. Rejects with `DataDirError`, or the system's error for a taken port. */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const { dir, release } = lockDataDir(options.dataDir);
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const running = await openEverything(options, dir, opened);
    let stopping: Promise<void> | undefined;
    return { ...running, stop: () => (stopping ??= running.stop().finally(release)) };
  } catch (error) {
    await Promise.all(opened.map((stop) => stop()));
    release();
    throw error;
  }
};
