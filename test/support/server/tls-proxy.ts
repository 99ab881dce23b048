import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from '../../../lab/proxy/http/certificate.ts';

export type TlsProxy = {
  /** The browser trusts the certificate by its key, so any host name works with this port. */
  readonly port: number;
  /** HTTP version of each request, in order. */
  readonly versions: readonly string[];
  stop(): Promise<void>;
};

/** Hop-by-hop headers (RFC 9110 §7.6.1, RFC 9113 §8.2.2). A proxy does not forward them. */
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']);

const forwarded = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':') && !HOP.has(name)));

const passOn = (backend: number, incoming: Http2ServerRequest, response: Http2ServerResponse): void => {
  const { method, url: path, authority, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port: backend, method, path, headers: forwarded(headers) });
  onward.setHeader('host', headers.host ?? authority);
  onward.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers));
    answer.once('error', () => response.stream.destroy()).pipe(response);
  });
  onward.once('error', () => (response.headersSent ? response.stream.destroy() : response.writeHead(502).end()));
  response.once('close', () => onward.destroy());
  incoming.pipe(onward);
};

/** Forwards the bytes of a WebSocket. Browsers use HTTP/1.1 for it when HTTP/2 does not offer RFC 8441. */
const tunnel = (backend: number, { method, url, rawHeaders }: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const onward = connect(backend, '127.0.0.1');
  const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
  onward.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  onward.write(head);
  const end = (): void => void (onward.destroy(), socket.destroy());
  socket.once('error', end).once('close', end);
  onward.once('error', end).once('close', end);
  socket.pipe(onward).pipe(socket);
};

/** Terminates TLS, speaks HTTP/2, and forwards requests to `backend` on loopback, as a reverse proxy does. */
export const startTlsProxy = async ({ key, cert }: Certificate, port: number, backend: number): Promise<TlsProxy> => {
  const versions: string[] = [];
  const sockets = new Set<Duplex>();
  const server = createSecureServer({ key, cert, allowHTTP1: true }, (incoming, response) => {
    versions.push(incoming.httpVersion);
    passOn(backend, incoming, response);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
    tunnel(backend, incoming, socket, head),
  );
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port,
    versions,
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
};
