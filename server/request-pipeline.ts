import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from './base/clock.ts';
import { isLoopbackHost } from './http/cookie.ts';
import { applyFault, type FaultPoint, type Faults } from './base/faults.ts';
import { BARE_HEADERS } from './http/headers.ts';
import type { Origins } from './http/origins.ts';
import { setForwardedAddress } from './http/request-context.ts';
import type { RequestLog } from './auth/request-log.ts';
import type { Stats } from './base/stats.ts';
import { requestTarget } from './http/request-target.ts';

export type PipelineOptions = {
  clock: Clock;
  faults: Faults;
  log: RequestLog;
  stats: Stats;
  origins: Origins;
  /** Whether only loopback names are served, so that a foreign name rebound to 127.0.0.1 gets nothing. */
  loopbackOnly: boolean;
  /** The origin under which a proxy in front serves this one, and what that says about a request. */
  publicOrigin: string | undefined;
};

const PASSWORD_TOKEN_PATHS = new Set(['/api/v1/auth/login', '/api/v1/auth/refresh']);
const TICKET_PATHS = new Set(['/api/auth/token', '/api/v1/socket/ticket']);

/** Which faults a request is open to; `undefined`: none, and it is not logged. */
export type FaultPointOf = (path: string, method: string | undefined) => FaultPoint | undefined;

export const appFaultPoint: FaultPointOf = (path) => {
  if (!path.startsWith('/api/')) return undefined;
  if (PASSWORD_TOKEN_PATHS.has(path)) return 'token';
  return TICKET_PATHS.has(path) ? 'ticket' : 'api';
};

export const providerFaultPoint: FaultPointOf = (path, method) =>
  method === 'POST' && path === '/token' ? 'token' : undefined;

/** Lets a script of the application read a made-up answer, as the provider's real answers let it. */
const corsFor = (request: IncomingMessage, origins: Origins): Record<string, string> => {
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'Date, Retry-After',
    vary: 'Origin',
  };
};

const turnDown = (request: IncomingMessage, response: ServerResponse, status: 400 | 421, why: string): void => {
  request.resume();
  response.writeHead(status, { ...BARE_HEADERS, 'content-type': 'text/plain' }).end(why);
};

/** Counts what Node's parser hands over; a listener for the data would set them flowing before the handler listens. */
const countBody = (request: IncomingMessage): (() => number) => {
  const push = request.push.bind(request);
  let bytes = 0;
  request.push = (piece: Buffer | null, encoding) => {
    bytes += piece?.length ?? 0;
    return push(piece, encoding);
  };
  return () => bytes;
};

/** A request for the public name came by https if that name does, whether or not the proxy in front says so. */
const isPublic = (request: IncomingMessage, publicOrigin: string | undefined): boolean => {
  if (publicOrigin === undefined) return false;
  const { headers } = request;
  const { host, protocol } = new URL(publicOrigin);
  if (headers.host !== host) return false;
  headers['x-forwarded-proto'] = protocol.slice(0, -1);
  delete headers['x-forwarded-host'];
  setForwardedAddress(request);
  return true;
};

/** What every request passes before its handler: the right host, the lab's clock and faults, the request log. */
export const requestPipeline =
  (parts: PipelineOptions, placeOf: FaultPointOf, work: RequestListener): RequestListener =>
  (request, response) => {
    const { clock, faults, log, stats, origins } = parts;
    const isKnown = isPublic(request, parts.publicOrigin) || isLoopbackHost(request.headers.host);
    if (parts.loopbackOnly && !isKnown) return turnDown(request, response, 421, 'This server has another name.');
    const path = requestTarget(request)?.pathname;
    if (path === undefined) return turnDown(request, response, 400, 'The request target is no address.');
    const startedAt = clock.now();
    if (clock.skewMs() !== 0) response.setHeader('date', new Date(startedAt).toUTCString());
    const place = placeOf(path, request.method);
    const handle = (): void => clock.runInside(() => work(request, response));
    if (place === undefined) return handle();
    if (place === 'token') stats.tokenRequests += 1;
    const received = countBody(request);
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : 0;
      log.record(request, { status, whole: response.writableFinished, bodyBytes: received() }, startedAt);
    });
    const fault = faults.take(place, path);
    if (fault) applyFault(fault, request, response, corsFor(request, origins), handle);
    else handle();
  };
