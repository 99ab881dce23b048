import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ServerClock } from './base/server-clock.ts';
import { isLoopbackHost } from './http/cookie.ts';
import { applyFault, type FaultPoint, type Faults } from './base/faults.ts';
import { BARE_HEADERS } from './http/headers.ts';
import type { Origins } from './http/origins.ts';
import { setForwardedAddress } from './http/request-context.ts';
import type { RequestLog } from './auth/request-log.ts';
import type { Stats } from './base/stats.ts';
import { requestTarget } from './http/request-target.ts';

export type PipelineOptions = {
  clock: ServerClock;
  faults: Faults;
  requestLog: RequestLog;
  stats: Stats;
  origins: Origins;
  /** Serves loopback names only, as a protection against DNS rebinding to 127.0.0.1. */
  loopbackOnly: boolean;
  /** Public origin behind a reverse proxy. The server trusts the proxy's `X-Forwarded-For`. */
  publicOrigin: string | undefined;
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

/** Recognizes a request for the public origin, and sets its protocol, whether or not the proxy forwards it. */
const acceptPublic = (request: IncomingMessage, publicOrigin: string | undefined): boolean => {
  if (publicOrigin === undefined) return false;
  const { headers } = request;
  const { host, protocol } = new URL(publicOrigin);
  if (headers.host !== host) return false;
  headers['x-forwarded-proto'] = protocol.slice(0, -1);
  delete headers['x-forwarded-host'];
  setForwardedAddress(request);
  return true;
};

/** Runs before the handler of each request: checks the host, applies clock skew and faults, logs the request. */
export const requestPipeline =
  (options: PipelineOptions, faultPointOf: FaultPointOf, handler: RequestListener): RequestListener =>
  (request, response) => {
    const { clock, faults, requestLog, stats, origins } = options;
    const isKnown = acceptPublic(request, options.publicOrigin) || isLoopbackHost(request.headers.host);
    if (options.loopbackOnly && !isKnown)
      return refuse(request, response, 421, 'This server does not serve this host name.');
    const path = requestTarget(request)?.pathname;
    if (path === undefined) return refuse(request, response, 400, 'The request target is not a valid URL.');
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
    const fault = faults.take(point, path);
    if (fault) applyFault(fault, { request, response, headers: corsFor(request, origins), handle });
    else handle();
  };
