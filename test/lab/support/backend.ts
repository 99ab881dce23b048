import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';

/** A small server behind the proxy: it echoes, counts, and greets on its sockets. */
export type Backend = {
  readonly origin: string;
  readonly port: number;
  /** Method and path of each request, in order. */
  readonly requests: readonly string[];
  sockets(): number;
  stop(): Promise<void>;
};

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

const answer = async (incoming: IncomingMessage): Promise<[type: string, body: string]> => {
  if (incoming.url === '/page') return ['text/html', '<!doctype html><html><head></head><body>Page</body></html>'];
  if (incoming.url === '/large') return ['application/octet-stream', '.'.repeat(200_000)];
  const body = await text(incoming);
  const { authorization = '' } = incoming.headers;
  return ['application/json', JSON.stringify({ method: incoming.method, url: incoming.url, authorization, body })];
};

export const startBackend = async (): Promise<Backend> => {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    void answer(incoming).then(([type, body]) => {
      const policy = type === 'text/html' ? { 'content-security-policy': "default-src 'self'" } : {};
      outgoing.writeHead(200, { 'content-type': type, ...policy, 'set-cookie': ['a=1', 'b=2'] }).end(body);
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.send('hello');
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    sockets: () => sockets.clients.size,
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      const closed = once(server, 'close');
      server.closeAllConnections();
      server.close();
      await closed;
    },
  };
};
