import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { DEMO_ACCOUNT } from './auth/accounts.ts';
import { AUDIENCE, createApp, createEmbeddedProvider, type ServerContext } from './app.ts';
import { appOrigins, localOrigins, type LocalOrigins } from './addresses.ts';
import { openServerServices, type ServerServices } from './server-services.ts';
import { createServerClock } from './base/server-clock.ts';
import { noticeText, type NotifyOperator } from './data-folder/operator-notice.ts';
import { createDiskSpace, readVolume } from './data-folder/disk-space.ts';
import { appFaultPoint, requestPipeline, providerFaultPoint } from './request-pipeline.ts';
import { BARE_HEADERS } from './http/headers.ts';
import { DEFAULT_HEARTBEAT_MS } from './realtime/hub.ts';
import { DEFAULT_CLIENT_ID } from './worker/keeper-config.ts';
import { createHostNames } from './http/host-names.ts';
import { createTrustedProxies, LOOPBACK_PROXIES } from './http/trusted-proxies.ts';
import {
  DEFAULT_PORT,
  onWebSocketUpgrade,
  startHttpServer,
  interruptHttpServer,
  stopHttpServer,
  type HttpServer,
} from './http/http-server.ts';
import { closeConnections } from './realtime/close-connections.ts';
import type { FreezableConnection } from './realtime/freezable-socket.ts';
import { isGrantActive } from './provider/provider.ts';
import { drainWithoutStore } from './redis/drain-without-store.ts';
import { openStorage, type OpenStorage } from './redis/open-storage.ts';
import { createSlowClients } from './limits/slow-clients.ts';
import { createRefusalLog } from './operations/refusal-log.ts';
import { createTokenVerifier } from './auth/token-verifier.ts';
import { createLog, type Log } from './operations/log.ts';
import { createMetrics } from './operations/metrics.ts';
import type { Observers } from './operations/observe.ts';
import type { OperationsRoutes } from './operations/operations-routes.ts';
import { openReleases, type Releases } from './worker/releases.ts';
import { DEFAULT_DIST_DIR, servesFaultRoutes, type ServerOptions } from './server-options.ts';
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

const DEFAULT_HOST = '127.0.0.1';
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

const stopSockets = async ({ hub, eventStreams }: ServerServices): Promise<void> => {
  const open: readonly FreezableConnection[] = [...hub.sockets(), ...eventStreams.sockets()];
  hub.drain();
  eventStreams.drain();
  await closeConnections(open, SOCKETS_CLOSE_WITHIN_MS);
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

/** The package takes its keys once, so other keys need another provider. Its state is in the store. */
const createRenewedProvider = async (context: ServerContext): Promise<RequestListener> => {
  const current = { handle: await createEmbeddedProvider(context) };
  const renew = async (): Promise<void> => {
    current.handle = await createEmbeddedProvider(context);
  };
  context.services.storage.secrets.onChange(() => {
    renew().catch((error: unknown) => context.log.error({ err: error }, 'the provider keeps its former keys'));
  });
  return (request, response) => current.handle(request, response);
};

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
  const observers: Observers = {
    log: context.log,
    metrics: createMetrics(services.stats, () => services.space?.read().free, services.storage),
  };
  const { isStopping } = context;
  const pipeline = { ...services, origins, isTrustedProxy, slowClients, observers, isStopping };
  const operations: OperationsRoutes = {
    metrics: observers.metrics,
    metricsToken: options.metricsToken,
    notReady: async () => {
      if (isStopping()) return 'stopping';
      // Reads, durable writes and messages have a connection each.
      if (services.storage.isUp?.() === false) return 'store';
      return services.store.get('readiness').then(
        () => undefined,
        () => 'store',
      );
    },
  };
  const hostNames = createHostNames(host, publicOrigin);
  const { listener, stop } = createApp(context);

  slowClients.guard(app.server);
  onWebSocketUpgrade(app.server, createUpgradeListener({ ...services, origins, hostNames }));
  if (provider) {
    slowClients.guard(provider.server);
    const names = { publicOrigin: publicIssuer, hostNames: createHostNames(host, publicIssuer) };
    const own = { port: 'provider' as const, operations: undefined };
    const handle = await createRenewedProvider(context);
    provider.setListener(requestPipeline({ ...pipeline, ...names, ...own }, providerFaultPoint, handle));
  }
  const own = { port: 'app' as const, operations, publicOrigin, hostNames };
  app.setListener(requestPipeline({ ...pipeline, ...own }, appFaultPoint, listener));
  const stopWatch = drainWithoutStore(services.storage, () => {
    context.log.error(
      {},
      'The store has been away for 30 s. The sockets of this instance close, so that they go elsewhere.',
    );
    services.hub.drain();
    services.eventStreams.drain();
  });
  cleanups.push(async () => {
    stopWatch();
    stop();
    slowClients.stop();
    await stopSockets(services);
  });
};

/** The options of a server, with its log. */
type LoggingOptions = ServerOptions & { log: Log };

const noticesOf = ({ onNotice, log }: LoggingOptions): NotifyOperator =>
  onNotice ?? ((notice) => log.warn({ notice: notice.type }, noticeText(notice)));

const openOwnReleases = async (
  storage: OpenStorage['storage'],
  options: LoggingOptions,
  cleanups: Cleanup[],
): Promise<Releases | false> => {
  const { distDir = DEFAULT_DIST_DIR, formerDistDir } = options;
  const releases = await openReleases(storage, { distDir, formerDistDir, notify: noticesOf(options) });
  if (releases) cleanups.push(releases.stop);
  return releases;
};

/** Adds a cleanup for each part that it opens, so that the caller can close them when a later part fails. */
const openServer = async (
  options: LoggingOptions,
  opened: OpenStorage,
  cleanups: Cleanup[],
): Promise<RunningServer> => {
  const { dir, storage } = opened;
  const host = options.host ?? DEFAULT_HOST;
  const { app, provider } = await openPorts(options, host, cleanups);
  const { log } = options;
  const notify = noticesOf(options);
  let stopping = false;
  const services = await openServerServices(storage, createServerClock(0, opened.clock), {
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
    ...{ issuer, clientId, clock, embedded: provider !== undefined, audience: options.audience },
    onRefused: createRefusalLog(log, { issuer, clientId, audience: options.audience }),
    ...(provider && { audience: AUDIENCE, internalUrl: local.provider }),
    ...(provider && { isGrantActive: isGrantActive(storage.store, tokenVersion) }),
  });
  const isStopping = (): boolean => stopping;
  const releases = await openOwnReleases(storage, options, cleanups);
  let endInterruption = (): void => undefined;
  const interrupt = (ms: number): void => {
    endInterruption();
    endInterruption = interruptHttpServer(app, host, ms);
  };
  cleanups.push(() => Promise.resolve(endInterruption()));
  const context: ServerContext = {
    options,
    services,
    tokenVerifier,
    origins,
    issuer,
    clientId,
    log,
    isStopping,
    releases,
    interrupt,
  };
  await serveRequests(context, host, { app, provider }, cleanups);
  return {
    url: origins[0] ?? '',
    local,
    issuer,
    async stop() {
      stopping = true;
      await Promise.all(cleanups.map((cleanup) => cleanup()));
      await opened.close();
    },
  };
};

/**
 * Starts the server in this process. Rejects with `DataDirError` for a data folder that cannot be used, and with Node's
 * `EADDRINUSE` for a port that is taken.
 */
export const startServer = async (given: ServerOptions): Promise<RunningServer> => {
  const log = given.log ?? createLog(given.logLevel ?? 'warn');
  const options = { ...given, log, faultRoutes: servesFaultRoutes(given) };
  const opened = await openStorage({
    ...options,
    notify: noticesOf(options),
    onLost: options.onLost ?? ((message) => log.error({}, message)),
  });
  const cleanups: Cleanup[] = [];
  try {
    const running = await openServer(options, opened, cleanups);
    let stopping: Promise<void> | undefined;
    return { ...running, stop: () => (stopping ??= running.stop()) };
  } catch (error) {
    await Promise.all(cleanups.map((cleanup) => cleanup()));
    await opened.close();
    throw error;
  }
};
