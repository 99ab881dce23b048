import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isObject, parseJson } from '../../src/protocol/json.ts';
import { count, oneOf, shape, text } from './validate.ts';

/**
 * `lost`: the server does its work, and the answer never arrives. `answer`: `body` with `status` and `type`, word for word,
 * and no work. `alter`: the server does its work, and the fields of the JSON in `body` take the place of those in its
 * answer; a field that is `"absent"` is left out. Times in ms, `retryAfter` in seconds.
 * `location`: where a `redirect` leads. `path`: only requests whose path begins so.
 */
export const parseFault = shape(
  {
    at: oneOf('token', 'api', 'ticket', 'socket'),
    kind: oneOf('reset', 'status', 'html', 'hang', 'lost', 'slow', 'redirect', 'answer', 'alter'),
  },
  {
    ...{ location: text, path: text, status: count, ms: count, times: count, body: text, type: text },
    ...{ retryAfter: count, retryAfterSeconds: count },
  },
);
export type Fault = NonNullable<ReturnType<typeof parseFault>>;
export type FaultPoint = Fault['at'];

export type Faults = {
  add(fault: Fault): void;
  clear(): void;
  /** The fault for this request, counted down. */
  take(at: FaultPoint, path: string): Fault | undefined;
};

const DEFAULT_HANG_MS = 30_000;
const DEFAULT_SLOW_MS = 3_000;
const DEFAULT_STATUS = 503;
const DEFAULT_REDIRECT = 302;
const OK = 200;
const ABSENT = 'absent';

const PORTAL = '<!doctype html><html lang="en"><title>Wi-Fi</title><h1>Please accept the terms</h1></html>';

export const createFaults = (): Faults => {
  let active: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void active.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    clear: () => {
      active = [];
    },
    take(at, path) {
      const hit = active.find(({ fault, left }) => fault.at === at && left > 0 && path.startsWith(fault.path ?? ''));
      if (!hit) return undefined;
      hit.left -= 1;
      active = active.filter(({ left }) => left > 0);
      return hit.fault;
    },
  };
};

const canned = (fault: Fault): { status: number; headers: Record<string, string>; body: string } => {
  if (fault.kind === 'html')
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PORTAL };
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

/** Lets the handler run to its end and throws its answer away; the connection breaks `ms` after it. */
const swallow = (response: ServerResponse, ms: number): void => {
  const { socket } = response;
  response.writeHead = () => response;
  response.write = () => true;
  response.end = () => {
    const timer = setTimeout(() => socket?.destroy(), ms);
    socket?.once('close', () => clearTimeout(timer));
    return response;
  };
};

const altered = (answer: string, changes: string): string => {
  const [given, wanted] = [parseJson(answer), parseJson(changes)];
  if (!isObject(given) || !isObject(wanted)) return answer;
  const all = Object.entries({ ...given, ...wanted });
  return JSON.stringify(Object.fromEntries(all.filter(([, value]) => value !== ABSENT)));
};

/** Lets the handler run to its end, with an answer that is then changed. */
const rewrite = (response: ServerResponse, changes: string, type: string | undefined): void => {
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
    const body = altered(Buffer.concat(chunks).toString(), changes);
    response.setHeader('content-length', Buffer.byteLength(body));
    if (type !== undefined) response.setHeader('content-type', type);
    writeHead(response.statusCode);
    return end(body);
  };
};

/**
 * Does to a request what the fault says. `work` is the real handler. `headers` go on a made-up answer, so that
 * scripts of another origin can read it as they could read a real one.
 */
export const applyFault = (
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string>,
  work: () => void,
): void => {
  switch (fault.kind) {
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'lost':
      swallow(response, fault.ms ?? 0);
      work();
      return;
    case 'alter':
      rewrite(response, fault.body ?? '', fault.type);
      work();
      return;
    case 'slow':
      setTimeout(work, fault.ms ?? DEFAULT_SLOW_MS);
      return;
    case 'hang': {
      const timer = setTimeout(() => request.socket.destroy(), fault.ms ?? DEFAULT_HANG_MS);
      request.socket.once('close', () => clearTimeout(timer));
      return;
    }
    case 'status':
    case 'redirect':
    case 'answer':
    case 'html': {
      const answer = canned(fault);
      // The body must be read, or the connection cannot be used again.
      request.resume();
      response
        .writeHead(answer.status, { ...answer.headers, ...headers, 'cache-control': 'no-store' })
        .end(answer.body);
    }
  }
};

/** The same for a WebSocket handshake. */
export const applyUpgradeFault = (fault: Fault, socket: Duplex, work: () => void): void => {
  const timer = (ms: number, then: () => void): void => {
    const id = setTimeout(then, ms);
    socket.once('close', () => clearTimeout(id));
  };
  switch (fault.kind) {
    case 'reset':
      socket.destroy();
      return;
    case 'lost':
      work();
      socket.destroy();
      return;
    case 'alter':
      work();
      return;
    case 'slow':
      timer(fault.ms ?? DEFAULT_SLOW_MS, work);
      return;
    case 'hang':
      timer(fault.ms ?? DEFAULT_HANG_MS, () => socket.destroy());
      return;
    case 'status':
    case 'redirect':
    case 'answer':
    case 'html': {
      const { status, headers, body } = canned(fault);
      const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.end(`HTTP/1.1 ${status} Fault\r\nconnection: close\r\n${lines.join('')}\r\n${body}`);
    }
  }
};
