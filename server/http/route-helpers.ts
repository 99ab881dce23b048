import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import { isObject, parseJson, type JsonObject } from '../../src/protocol/schema/json.ts';
import type { StoreUnavailable } from '../base/store.ts';
import type { Principal } from './principal.ts';

/** Hono environment of all handlers. `principal` is set only after `signedIn`. */
export type Env = { Bindings: HttpBindings; Variables: { principal: Principal } };

export type Ctx = Context<Env>;
export type Handler = MiddlewareHandler<Env>;

/** RFC 9457. `code` is stable, `detail` is for people. */
export type ProblemDetails = { status: number; code: string; detail: string };

const TITLES: { readonly [status: number]: string } = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  416: 'Range Not Satisfiable',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export const problemResponse = (
  { status, code, detail }: ProblemDetails,
  headers: Record<string, string> = {},
): Response =>
  new Response(JSON.stringify({ type: 'about:blank', title: TITLES[status] ?? 'Error', status, code, detail }), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  });

/** OAuth error response (RFC 6749 §5.2). */
export const oauthError = (error: 'invalid_request' | 'invalid_grant', description: string): Response =>
  Response.json({ error, error_description: description }, { status: 400, headers: { 'cache-control': 'no-store' } });

/** Response to too many login attempts. `slow_down` is the OAuth error of RFC 8628 §3.5. */
export const tooManyAttempts = (waitSeconds: number): Response => {
  const detail = `Too many wrong attempts. Try again in ${waitSeconds} seconds.`;
  return Response.json(
    { error: 'slow_down', error_description: detail },
    { status: 429, headers: { 'cache-control': 'no-store', 'retry-after': String(waitSeconds) } },
  );
};

/** The store cannot write now. */
export const storeUnavailable = ({ message, retryAfterSeconds }: StoreUnavailable): Response =>
  problemResponse(
    { status: 503, code: 'store-unavailable', detail: `The server cannot store anything now. ${message}` },
    { 'retry-after': String(retryAfterSeconds) },
  );

/**
 * Sends a JSON response to a frequent request. `c.json` makes a `Response` whose body the adapter reads as a stream: half of
 * the time of a small request. Headers that `c.header` has set are lost; set those of `c.env.outgoing`.
 */
export const sendJson = (c: Ctx, value: unknown): Response => {
  const body = JSON.stringify(value);
  const { outgoing } = c.env;
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
  return RESPONSE_ALREADY_SENT;
};

export const MAX_JSON_BYTES = 65_536;

/** The body as a JSON object; `undefined` for anything else. A middleware limits its size before. */
export const readJsonObject = async (c: Ctx): Promise<JsonObject | undefined> => {
  const body = parseJson(await c.req.text());
  return isObject(body) ? body : undefined;
};
