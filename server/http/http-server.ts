import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { refusal } from './headers.ts';

/** Longer than a browser keeps an idle connection after its last tab went, shorter than common proxies do. */
const KEEP_ALIVE_MS = 30_000;
const HEADERS_WITHIN_MS = 15_000;
const MAX_HEADER_BYTES = 32_768;
const PORTS_TO_TRY = 20;
const CHECK_EVERY_MS = 25;

export type HttpServer = {
  server: Server;
  port: number;
  /** Upgraded ones too: a server forgets those, and yet does not close before they do. */
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

/** Answers `listener` on the port; with `orNext`, on the next free one after it. */
export const listen = async (
  listener: RequestListener,
  port: number,
  host: string,
  orNext = false,
): Promise<HttpServer> => {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_WITHIN_MS, maxHeaderSize: MAX_HEADER_BYTES },
    listener,
  );
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A reset needs no answer, and one that was begun cannot be taken back.
    if (socket.writable && !('bytesWritten' in socket && socket.bytesWritten)) socket.end(refusal(error));
    else socket.destroy();
  });
  // A slow upload is no attack, and an event stream has no end.
  server.requestTimeout = 0;
  for (let tried = port; ; tried += 1) {
    try {
      return { server, connections, port: await listenOn(server, tried, host) };
    } catch (error) {
      if (!orNext || !isTaken(error) || tried >= port + PORTS_TO_TRY) throw error;
    }
  }
};

/** Takes no new connection, lets requests finish for so long, then cuts what is left. */
export const close = async ({ server, connections }: HttpServer, withinMs: number): Promise<void> => {
  const closed = new Promise((done) => server.close(done));
  const idle = setInterval(() => server.closeIdleConnections(), CHECK_EVERY_MS);
  const cut = setTimeout(() => connections.forEach((socket) => socket.destroy()), withinMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
};
