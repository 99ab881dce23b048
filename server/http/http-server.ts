import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { startTimer } from '../../src/protocol/timing/timer.ts';
import { refusal } from './headers.ts';

/** Port of the application where the options and `PORT` name none. `npm run dev` uses it too. */
export const DEFAULT_PORT = 4173;
/** Longer than browsers keep an idle connection after the last tab closes, shorter than common proxies do. */
const KEEP_ALIVE_MS = 30_000;
const HEADERS_WITHIN_MS = 15_000;
/** How often Node looks for headers that are late. Its default of 30 s would triple the time that they have. */
const CHECK_TIMEOUTS_EVERY_MS = 5_000;
const MAX_HEADER_BYTES = 32_768;
const MAX_PORTS_TO_TRY = 20;
const CHECK_EVERY_MS = 25;

export type HttpServer = {
  server: Server;
  port: number;
  /** Upgraded ones too: Node's server does not list them, but closes only after they do. */
  connections: ReadonlySet<Socket>;
};

const listenOn = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      done((server.address() as AddressInfo).port);
    });
  });

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** Listens on the port; with `orNext`, on the next free port if it is taken. */
export const startHttpServer = async (
  listener: RequestListener,
  port: number,
  host: string,
  orNext = false,
): Promise<HttpServer> => {
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_WITHIN_MS,
      connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    listener,
  );
  const connections = new Set<Socket>();
  // One function for all sockets, because each closure costs memory as long as its socket.
  function forgetThis(this: Socket): void {
    connections.delete(this);
  }
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', forgetThis);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // After a reset, or when a response has begun, the server cannot send another one.
    if (socket.writable && !('bytesWritten' in socket && socket.bytesWritten)) socket.end(refusal(error));
    else socket.destroy();
  });
  // No limit: a slow upload is not an attack, and an event stream does not end.
  server.requestTimeout = 0;
  for (let tried = port; ; tried += 1) {
    try {
      return { server, connections, port: await listenOn(server, tried, host) };
    } catch (error) {
      if (!orNext || !isTaken(error) || tried >= port + MAX_PORTS_TO_TRY) throw error;
    }
  }
};

/**
 * Closes every connection, and refuses new ones for `ms` milliseconds, as a server that starts again does. Returns the
 * function that leaves it closed.
 */
export const interruptHttpServer = (
  { server, port, connections }: HttpServer,
  host: string,
  ms: number,
): (() => void) => {
  server.close();
  for (const socket of connections) socket.destroy();
  return startTimer(() => server.listen(port, host), ms);
};

/** Accepts no new connection, waits until requests finish, and closes the remaining connections after `withinMs`. */
export const stopHttpServer = async ({ server, connections }: HttpServer, withinMs: number): Promise<void> => {
  const closed = new Promise((done) => server.close(done));
  const idle = setInterval(() => server.closeIdleConnections(), CHECK_EVERY_MS);
  const cancelTimeout = startTimer(() => connections.forEach((socket) => socket.destroy()), withinMs);
  await closed;
  clearInterval(idle);
  cancelTimeout();
};

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The head of a request without its wish for another protocol (RFC 9110 §7.8), as bytes. */
const headWithoutUpgrade = ({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer => {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!/^(upgrade|http2-settings)$/i.test(name))
      lines.push(`${name}: ${/^connection$/i.test(name) ? 'keep-alive' : rawHeaders[at + 1]}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
};

/**
 * Calls the listener for WebSocket handshakes. A server may ignore every other `Upgrade`, such as the `h2c` of curl and
 * Java, but Node passes none of them to the request handler. `shouldUpgradeCallback` is newer than Node 20, so they start
 * over here as ordinary requests.
 */
export const onWebSocketUpgrade = (server: Server, listener: UpgradeListener): void =>
  void server.on('upgrade', (request, socket, head) => {
    if (/^websocket$/i.test(request.headers.upgrade ?? '')) return listener(request, socket, head);
    socket.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
    return void server.emit('connection', socket);
  });
