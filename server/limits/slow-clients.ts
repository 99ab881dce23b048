import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientAddress } from '../http/request-context.ts';
import { refusalWith } from '../http/headers.ts';

/**
 * Ends connections of clients that only hold them open. An upload may take hours, so no request has a deadline. What counts
 * is progress.
 */
export type SlowClients = {
  /** Call for each request, after the client's address is known. */
  watch(request: IncomingMessage, response: ServerResponse): void;
  /** Ends connections that send no request, when one address has too many of them. */
  guard(server: Server): void;
  stop(): void;
};

export type SlowClientLimits = {
  /** Silence (ms) after which a body counts as abandoned. Longer than a phone takes to change its network. */
  stallMs?: number | undefined;
};

const STALL_MS = 30_000;
const CHECK_EVERY_MS = 5_000;
const CHECKS_PER_STALL = 6;
/** Bodies of one address that are on their way. A browser opens six connections to a server, an office has many browsers. */
const MAX_BODIES = 64;
/** Connections of one peer that have not sent a request yet. Such a peer may be a proxy. */
const MAX_SILENT = 256;
/** A body that trickles is slower (bytes per second) than any real network. It may be slower at its start. */
const MIN_RATE = 50;
const SLOW_START_MS = 60_000;

type Body = {
  request: IncomingMessage;
  response: ServerResponse;
  address: string;
  startedAt: number;
  firstByte: number;
  seen: number;
  seenAt: number;
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Ends the connection. The client gets a response if none has begun. */
const end = ({ request: { socket }, response }: Body, status: string): void => {
  if (socket.writable && !response.headersSent) socket.end(refusalWith(status));
  socket.destroySoon();
};

/** Counts by key, without an entry for what is not there any more. */
const createCounts = () => {
  const counts = new Map<string, number>();
  return {
    add(key: string): number {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return count;
    },
    remove(key: string): void {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    },
  };
};

export const createSlowClients = ({ stallMs = STALL_MS }: SlowClientLimits = {}): SlowClients => {
  const bodies = new Set<Body>();
  const bodiesOf = createCounts();
  const silentOf = createCounts();

  const forget = (body: Body): void => {
    if (bodies.delete(body)) bodiesOf.remove(body.address);
  };

  const check = (body: Body, now: number): void => {
    const { request } = body;
    if (request.complete || request.destroyed) return forget(body);
    const received = request.socket.bytesRead;
    // Bytes that wait in this process: the server is slow, not the client.
    if (received > body.seen || request.readableLength > 0) Object.assign(body, { seen: received, seenAt: now });
    const tooSlow =
      now - body.startedAt > SLOW_START_MS &&
      request.readableLength === 0 &&
      ((received - body.firstByte) * 1_000) / (now - body.startedAt) < MIN_RATE;
    if (tooSlow || now - body.seenAt >= stallMs) end(body, '408 Request Timeout');
  };

  let checkedAt = performance.now();
  const timer = setInterval(
    () => {
      const now = performance.now();
      // This process did not run: it was suspended, or busy. What the clients sent meanwhile waits in the kernel.
      if (now - checkedAt > stallMs / 2) for (const body of bodies) body.seenAt = now;
      checkedAt = now;
      for (const body of bodies) check(body, now);
    },
    Math.min(stallMs / CHECKS_PER_STALL, CHECK_EVERY_MS),
  ).unref();

  const track = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.complete || request.destroyed) return;
    const address = clientAddress(request);
    const now = performance.now();
    const received = request.socket.bytesRead;
    const body: Body = { request, response, address, startedAt: now, firstByte: received, seen: received, seenAt: now };
    bodies.add(body);
    request.once('close', () => forget(body));
    if (bodiesOf.add(address) > MAX_BODIES) end(body, '429 Too Many Requests');
  };

  return {
    watch(request, response) {
      // The body of an ordinary request arrives together with its headers, and is complete in the next turn.
      if (hasBody(request)) setImmediate(track, request, response);
    },
    guard(server) {
      const silent = new Map<Socket, string>();
      const spoke = (socket: Socket): void => {
        const peer = silent.get(socket);
        if (peer === undefined) return;
        silent.delete(socket);
        silentOf.remove(peer);
      };
      // One function for all sockets, because each closure costs memory as long as its socket.
      function spokeThis(this: Socket): void {
        spoke(this);
      }
      server.on('connection', (socket) => {
        const peer = socket.remoteAddress ?? '';
        if (silent.has(socket)) return;
        silent.set(socket, peer);
        socket.once('close', spokeThis);
        if (silentOf.add(peer) > MAX_SILENT) socket.destroy();
      });
      server.prependListener('request', ({ socket }) => spoke(socket));
      server.prependListener('upgrade', ({ socket }) => spoke(socket));
    },
    stop: () => clearInterval(timer),
  };
};
