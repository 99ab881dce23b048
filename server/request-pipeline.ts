import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ServerClock } from './base/server-clock.ts';
import { applyFault, type FaultPoint, type Faults } from './base/faults.ts';
import { BARE_HEADERS } from './http/headers.ts';
import type { HostNames } from './http/host-names.ts';
import type { Origins } from './http/origins.ts';
import { setForwardedAddress } from './http/request-context.ts';
import { forwardedAddress, type TrustedProxies } from './http/trusted-proxies.ts';
import type { RequestLog } from './auth/request-log.ts';
import type { Stats } from './base/stats.ts';
import type { SlowClients } from './limits/slow-clients.ts';
import { observeRequest, type Observers } from './operations/observe.ts';
import { handleOperations, type OperationsRoutes } from './operations/operations-routes.ts';
import { requestTarget } from './http/request-target.ts';

export type PipelineOptions = {
  port: 'app' | 'provider';
  clock: ServerClock;
  faults: Faults;
  requestLog: RequestLog;
  stats: Stats;
  origins: Origins;
  hostNames: HostNames;
  /** Public origin behind a reverse proxy. */
  publicOrigin: string | undefined;
  slowClients: SlowClients;
  observers: Observers;
  /** `undefined` for the provider's port, which has none. */
  operations: OperationsRoutes | undefined;
  /** Whether the server stops, so that clients should connect again elsewhere. */
  isStopping: () => boolean;
  /** The proxies whose `X-Forwarded-For` counts. */
  isTrustedProxy: TrustedProxies;
};

const PASSWORD_TOKEN_PATHS = new Set(['/api/v1/auth/login', '/api/v1/auth/refresh']);
const TICKET_PATHS = new Set(['/api/auth/token', '/api/v1/socket/ticket']);

/** The fault point of a request. `undefined`: no fault applies, and the server does not log it. */
export type FaultPointOf = (path: string, method: string | undefined) => FaultPoint | undefined;

export const appFaultPoint: FaultPointOf = (path) => {
  if (!path.startsWith('/api/')) return undefined;
  if (PASSWORD_TOKEN_PATHS.has(path)) return 'token';
  return TICKET_PATHS.has(path) ? 'ticket' : 'api';
};

export const providerFaultPoint: FaultPointOf = (path, method) =>
  method === 'POST' && path === '/token' ? 'token' : undefined;

/** Headers with which a script of the application can read a fault's response, like a real one of the provider. */
const corsFor = (request: IncomingMessage, origins: Origins): Record<string, string> => {
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'Date, Retry-After',
    vary: 'Origin',
  };
};

const refuse = (request: IncomingMessage, response: ServerResponse, status: 400 | 421, reason: string): void => {
  request.resume();
  response.writeHead(status, { ...BARE_HEADERS, 'content-type': 'text/plain' }).end(reason);
};

/** Counts body bytes where Node's parser pushes them: a `data` listener would consume them before the handler. */
const countBodyBytes = (request: IncomingMessage): (() => number) => {
  const push = request.push.bind(request);
  let bytes = 0;
  request.push = (piece: Buffer | null, encoding) => {
    bytes += piece?.length ?? 0;
    return push(piece, encoding);
  };
  return () => bytes;
};

/** For a request to the public origin, sets its protocol and its client, whether or not the proxy forwards them. */
const applyPublicOrigin = (request: IncomingMessage, publicOrigin: URL, isTrustedProxy: TrustedProxies): void => {
  const { headers } = request;
  setForwardedAddress(request, forwardedAddress(request, isTrustedProxy));
  if (headers.host !== publicOrigin.host) return;
  headers['x-forwarded-proto'] = publicOrigin.protocol.slice(0, -1);
  delete headers['x-forwarded-host'];
};

/** Runs before the handler of each request: checks the host, applies clock skew and faults, logs the request. */
export const requestPipeline = (
  options: PipelineOptions,
  faultPointOf: FaultPointOf,
  handler: RequestListener,
): RequestListener => {
  const { clock, faults, requestLog, stats, origins, hostNames } = options;
  const publicOrigin = options.publicOrigin === undefined ? undefined : new URL(options.publicOrigin);
  return (request, response) => {
    const path = requestTarget(request)?.pathname;
    const mayNameItself = publicOrigin !== undefined && options.isTrustedProxy(request.socket.remoteAddress ?? '');
    observeRequest(options.observers, { port: options.port, path: path ?? '', mayNameItself }, request, response);
    if (!hostNames.accepts(request.headers.host)) return refuse(request, response, 421, hostNames.expected);
    if (publicOrigin) applyPublicOrigin(request, publicOrigin, options.isTrustedProxy);
    if (options.isStopping()) response.setHeader('connection', 'close');
    options.slowClients.watch(request, response);
    if (path === undefined) return refuse(request, response, 400, 'The request target is not a valid URL.');
    if (options.operations && handleOperations(options.operations, path, request, response)) return;
    const startedAt = clock.now();
    if (clock.skewMs() !== 0) response.setHeader('date', new Date(startedAt).toUTCString());
    const point = faultPointOf(path, request.method);
    const handle = (): void => clock.runInside(() => handler(request, response));
    if (point === undefined) return handle();
    if (point === 'token') stats.tokenRequests += 1;
    const bodyBytes = countBodyBytes(request);
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : 0;
      requestLog.record(request, { status, whole: response.writableFinished, bodyBytes: bodyBytes() }, startedAt);
    });
    const fault = faults.take(point, path, request.method);
    if (fault) applyFault(fault, { request, response, headers: corsFor(request, origins), handle });
    else handle();
  };
};
