import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { count, oneOf, shape, text } from './shape.ts';

/**
 * `lost`: the server does its work, and the answer never arrives. Times in ms, `retryAfter` in seconds. `location`:
 * where a `redirect` leads. `path`: only requests whose path begins so.
 */
export const parseFault = shape(
  {
    at: oneOf('token', 'api', 'ticket', 'socket'),
    kind: oneOf('reset', 'status', 'html', 'hang', 'lost', 'slow', 'redirect'),
  },
  { location: text, path: text, status: count, ms: count, times: count, retryAfter: count, retryAfterSeconds: count },
);
export type Fault = NonNullable<ReturnType<typeof parseFault>>;
export type FaultPlace = Fault['at'];

export type Faults = {
  add(fault: Fault): void;
  clear(): void;
  /** The fault for this request, counted down. */
  take(at: FaultPlace, path: string): Fault | undefined;
};

const DEFAULT_HANG_MS = 30_000;
const DEFAULT_SLOW_MS = 3_000;
const DEFAULT_STATUS = 503;
const DEFAULT_REDIRECT = 302;

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
    case 'slow':
      timer(fault.ms ?? DEFAULT_SLOW_MS, work);
      return;
    case 'hang':
      timer(fault.ms ?? DEFAULT_HANG_MS, () => socket.destroy());
      return;
    case 'status':
    case 'redirect':
    case 'html': {
      const { status, headers, body } = canned(fault);
      const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.end(`HTTP/1.1 ${status} Fault\r\nconnection: close\r\n${lines.join('')}\r\n${body}`);
    }
  }
};
