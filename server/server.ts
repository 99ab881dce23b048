import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { DEMO_ACCOUNT } from './auth/accounts.ts';
import { appOrigins, localOrigins, type LocalOrigins } from './addresses.ts';
import { apiRoutes } from './api-routes.ts';
import { openServerServices, type ServerServices } from './server-services.ts';
import { createServerClock } from './base/server-clock.ts';
import { noticeText, type NotifyOperator } from './data-folder/operator-notice.ts';
import { createDiskSpace, readVolume } from './data-folder/disk-space.ts';
import { openDataFolder, type DataFolder } from './data-folder/data-folder.ts';
import { appFaultPoint, requestPipeline, providerFaultPoint } from './request-pipeline.ts';
import { BARE_HEADERS } from './http/headers.ts';
import { DEFAULT_HEARTBEAT_MS } from './realtime/hub.ts';
import { problemResponse, storeUnavailable, type Env } from './http/route-helpers.ts';
import { DEFAULT_CLIENT_ID, DEFAULT_SCOPE, EXTERNAL_SCOPE, keeperConfig } from './worker/keeper-config.ts';
import { createFaultRoutes } from './fault-routes.ts';
import { createHostNames } from './http/host-names.ts';
import { createTrustedProxies, LOOPBACK_PROXIES } from './http/trusted-proxies.ts';
import {
  DEFAULT_PORT,
  onWebSocketUpgrade,
  startHttpServer,
  stopHttpServer,
  type HttpServer,
} from './http/http-server.ts';
import type { FreezableConnection } from './realtime/freezable-socket.ts';
import { createProvider, isGrantActive } from './provider/provider.ts';
import { createSlowClients } from './limits/slow-clients.ts';
import { createTokenVerifier, type TokenVerifier } from './auth/token-verifier.ts';
import { setSubject } from './http/request-context.ts';
import { servesFaultRoutes, type ServerOptions } from './server-options.ts';
import { StoreUnavailable } from './base/store.ts';
import { createStaticHandler } from './static.ts';
import { createUpgradeListener } from './realtime/websocket-upgrade.ts';

export type RunningServer = {
  /** Origin of the application, for example `http://localhost:4173`. */
  url: string;
  /** Origins of application and provider on this machine, without the reverse proxy. */
  local: LocalOrigins;
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
  const { store, accounts, loginRateLimit, deviceCookies, lifetimes, reusePolicy, tokenVersion, stats, revocations } =
    services;
  const provider = await createProvider({
    issuer,
    clientId,
    appOrigins: origins,
    store,
    accounts,
    loginRateLimit,
    deviceCookies,
    lifetimes,
    reusePolicy,
    space: services.space,
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
    // Its tickets and sockets end with the next look at the grant, also when the store cannot write this.
    onRevoked: (grantId) => void revocations.revoke(`provider:${grantId}`).catch(() => undefined),
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
      detail: 'The fault routes are off. Start the server with --lab, and without a public origin, to use them.',
    }),
  );
  app.all('*', serveFile);
  app.onError((error, c) => {
    if (error instanceof StoreUnavailable) return storeUnavailable(error);
    // The client gave up while its body was on its way. There is nothing to repair, and no one reads the response.
    const isAborted = c.env.incoming.destroyed && !c.env.incoming.complete;
    if (!isAborted) console.error(error);
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

type Ports = { app: OpenPort; provider: OpenPort | undefined };

/** Handles the requests of both ports from now on. */
const serveRequests = async (
  context: ServerContext,
  host: string,
  { app, provider }: Ports,
  cleanups: Cleanup[],
): Promise<void> => {
  const { options, services, origins } = context;
  const { publicOrigin, publicIssuer } = options;
  const slowClients = createSlowClients({ stallMs: options.bodyStallMs });
  const isTrustedProxy = createTrustedProxies(options.trustedProxies ?? LOOPBACK_PROXIES);
  const pipeline = { ...services, origins, isTrustedProxy, slowClients };
  const hostNames = createHostNames(host, publicOrigin);
  const { listener, stop } = createApp(context);

  slowClients.guard(app.server);
  onWebSocketUpgrade(app.server, createUpgradeListener({ ...services, origins, hostNames }));
  if (provider) {
    slowClients.guard(provider.server);
    const names = { publicOrigin: publicIssuer, hostNames: createHostNames(host, publicIssuer) };
    const handle = await createEmbeddedProvider(context);
    provider.setListener(requestPipeline({ ...pipeline, ...names }, providerFaultPoint, handle));
  }
  app.setListener(requestPipeline({ ...pipeline, publicOrigin, hostNames }, appFaultPoint, listener));
  cleanups.push(async () => {
    stop();
    slowClients.stop();
    await stopSockets(services);
  });
};

const noticesOf = ({ onNotice }: ServerOptions): NotifyOperator =>
  onNotice ?? ((notice) => console.warn(noticeText(notice)));

/** Adds a cleanup for each part that it opens, so that the caller can close them when a later part fails. */
const openServer = async (options: ServerOptions, folder: DataFolder, cleanups: Cleanup[]): Promise<RunningServer> => {
  const { dir, store } = folder;
  const host = options.host ?? DEFAULT_HOST;
  const { app, provider } = await openPorts(options, host, cleanups);
  const notify = noticesOf(options);
  const services = await openServerServices(store, createServerClock(0, folder.clock), {
    ...options,
    notify,
    space: createDiskSpace(options.volume ?? (() => readVolume(dir)), undefined, (isLow, space) =>
      notify({ type: isLow ? 'disk-low' : 'disk-free', ...space }),
    ),
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
  await serveRequests(context, host, { app, provider }, cleanups);
  return {
    url: origins[0] ?? '',
    local,
    issuer,
    async stop() {
      await Promise.all(cleanups.map((cleanup) => cleanup()));
      await folder.close();
    },
  };
};

/**
 * Starts the server in this process. Rejects with `DataDirError` for a data folder that cannot be used, and with Node's
 * `EADDRINUSE` for a port that is taken.
 */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const folder = await openDataFolder(options.dataDir, {
    secret: options.secret,
    keyFile: options.keyFile,
    notify: noticesOf(options),
    onLost: options.onLost ?? ((message) => console.error(message)),
  });
  const cleanups: Cleanup[] = [];
  try {
    const running = await openServer({ ...options, faultRoutes: servesFaultRoutes(options) }, folder, cleanups);
    let stopping: Promise<void> | undefined;
    return { ...running, stop: () => (stopping ??= running.stop()) };
  } catch (error) {
    await Promise.all(cleanups.map((cleanup) => cleanup()));
    await folder.close();
    throw error;
  }
};
