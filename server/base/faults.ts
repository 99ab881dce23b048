import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isObject, parseJson } from '../../src/protocol/schema/json.ts';
import { object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { count, oneOf, optional } from '../../src/protocol/schema/schema-types.ts';
import { startTimer } from '../../src/protocol/timing/timer.ts';

/**
 * The body of `POST /lab/faults`. `kind`:
 * - `reset` resets the connection without a response.
 * - `hang` sends no response, and closes the connection after `ms`.
 * - `slow` handles the request after `ms`.
 * - `lost` handles the request, but the connection closes `ms` after that without the response.
 * - `status` responds with `status`, and with `retryAfter` seconds.
 * - `html` responds with the page of a captive portal, `redirect` with a redirect to `location`.
 * - `answer` responds with `body`, `status` and the content type `type`.
 * - `alter` handles the request, and replaces fields of the JSON response by those of `body`; `"absent"` removes a field.
 *
 * `at`: the fault point. `path`: only requests whose path starts with it. `method`: only requests with it. `times`: how
 * many requests, by default all.
 * `forMs`: the fault ends by itself after this time, even if the page that asked for it is gone. Times in ms.
 */
export const FAULT = object({
  at: oneOf('token', 'api', 'ticket', 'socket'),
  kind: oneOf('reset', 'status', 'html', 'hang', 'lost', 'slow', 'redirect', 'answer', 'alter'),
  location: optional(string),
  path: optional(string),
  method: optional(string),
  status: optional(count),
  ms: optional(count),
  times: optional(count),
  forMs: optional(count),
  body: optional(string),
  type: optional(string),
  retryAfter: optional(count),
  retryAfterSeconds: optional(count),
});
export type Fault = Infer<typeof FAULT>;
export type FaultPoint = Fault['at'];

export type Faults = {
  add(fault: Fault): void;
  clear(): void;
  /** Returns the fault for this request, and counts it as used. */
  take(point: FaultPoint, path: string, method: string | undefined): Fault | undefined;
};

const DEFAULT_HANG_MS = 30_000;
const DEFAULT_SLOW_MS = 3_000;
const DEFAULT_STATUS = 503;
const DEFAULT_REDIRECT = 302;
const OK = 200;
const ABSENT = 'absent';

const CAPTIVE_PORTAL = '<!doctype html><html lang="en"><title>Wi-Fi</title><h1>Please accept the terms</h1></html>';

export const createFaults = (): Faults => {
  let active: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => {
      const added = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      active.push(added);
      if (fault.forMs === undefined) return;
      startTimer(() => {
        active = active.filter((each) => each !== added);
      }, fault.forMs);
    },
    clear: () => {
      active = [];
    },
    take(point, path, method) {
      const fits = (fault: Fault): boolean =>
        fault.at === point &&
        path.startsWith(fault.path ?? '') &&
        (fault.method === undefined || fault.method === method);
      const hit = active.find(({ fault, left }) => left > 0 && fits(fault));
      if (!hit) return undefined;
      hit.left -= 1;
      active = active.filter(({ left }) => left > 0);
      return hit.fault;
    },
  };
};

const responseOf = (fault: Fault): { status: number; headers: Record<string, string>; body: string } => {
  if (fault.kind === 'html')
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: CAPTIVE_PORTAL };
  if (fault.kind === 'redirect')
    return { status: fault.status ?? DEFAULT_REDIRECT, headers: { location: fault.location ?? '/' }, body: '' };
  if (fault.kind === 'answer') {
    const headers: Record<string, string> = fault.type === undefined ? {} : { 'content-type': fault.type };
    return { status: fault.status ?? OK, headers, body: fault.body ?? '' };
  }
  const status = fault.status ?? DEFAULT_STATUS;
  const retryAfter = fault.retryAfter ?? fault.retryAfterSeconds;
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  };
  return { status, headers, body: JSON.stringify({ error: status === 429 ? 'slow_down' : 'temporarily_unavailable' }) };
};

/** Discards the handler's response, and closes the connection `ms` after its end. */
const discardResponse = (response: ServerResponse, ms: number): void => {
  const { socket } = response;
  response.writeHead = () => response;
  response.write = () => true;
  response.end = () => {
    socket?.once(
      'close',
      startTimer(() => socket.destroy(), ms),
    );
    return response;
  };
};

const alterJson = (response: string, changes: string): string => {
  const [original, changed] = [parseJson(response), parseJson(changes)];
  if (!isObject(original) || !isObject(changed)) return response;
  const all = Object.entries({ ...original, ...changed });
  return JSON.stringify(Object.fromEntries(all.filter(([, value]) => value !== ABSENT)));
};

/** Buffers the handler's response, and alters it at its end. */
const alterResponse = (response: ServerResponse, changes: string, type: string | undefined): void => {
  const end = response.end.bind(response) as (body: string) => ServerResponse;
  const writeHead = response.writeHead.bind(response) as (status: number, ...rest: unknown[]) => ServerResponse;
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const headers = rest.find((item) => typeof item === 'object');
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, String(value));
    response.statusCode = status;
    return response;
  };
  response.write = (chunk: unknown) => {
    keep(chunk);
    return true;
  };
  response.end = (chunk?: unknown) => {
    keep(chunk);
    const body = alterJson(Buffer.concat(chunks).toString(), changes);
    response.setHeader('content-length', Buffer.byteLength(body));
    if (type !== undefined) response.setHeader('content-type', type);
    writeHead(response.statusCode);
    return end(body);
  };
};

type FaultTarget = {
  request: IncomingMessage;
  response: ServerResponse;
  /** Headers of the fault's own response, such as those with which a script of another origin can read it. */
  headers: Record<string, string>;
  /** The real handler. */
  handle(): void;
};

/** Applies a fault to an HTTP request. */
export const applyFault = (fault: Fault, { request, response, headers, handle }: FaultTarget): void => {
  switch (fault.kind) {
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'lost':
      discardResponse(response, fault.ms ?? 0);
      handle();
      return;
    case 'alter':
      alterResponse(response, fault.body ?? '', fault.type);
      handle();
      return;
    case 'slow':
      startTimer(handle, fault.ms ?? DEFAULT_SLOW_MS);
      return;
    case 'hang': {
      const cancel = startTimer(() => request.socket.destroy(), fault.ms ?? DEFAULT_HANG_MS);
      request.socket.once('close', cancel);
      return;
    }
    case 'status':
    case 'redirect':
    case 'answer':
    case 'html': {
      const answer = responseOf(fault);
      // Node can reuse the connection only after it has read the body.
      request.resume();
      response
        .writeHead(answer.status, { ...answer.headers, ...headers, 'cache-control': 'no-store' })
        .end(answer.body);
    }
  }
};

/** Applies a fault to a WebSocket handshake. */
export const applyUpgradeFault = (fault: Fault, socket: Duplex, handle: () => void): void => {
  const timer = (ms: number, then: () => void): void => {
    socket.once('close', startTimer(then, ms));
  };
  switch (fault.kind) {
    case 'reset':
      socket.destroy();
      return;
    case 'lost':
      handle();
      socket.destroy();
      return;
    case 'alter':
      handle();
      return;
    case 'slow':
      timer(fault.ms ?? DEFAULT_SLOW_MS, handle);
      return;
    case 'hang':
      timer(fault.ms ?? DEFAULT_HANG_MS, () => socket.destroy());
      return;
    case 'status':
    case 'redirect':
    case 'answer':
    case 'html': {
      const { status, headers, body } = responseOf(fault);
      const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.end(`HTTP/1.1 ${status} Fault\r\nconnection: close\r\n${lines.join('')}\r\n${body}`);
    }
  }
};
