import { once } from 'node:events';
import { createServer, request as send } from 'node:http';

/** An authenticating proxy in front of the app, such as oauth2-proxy or Cloudflare Access. */
export type GateProxy = {
  readonly origin: string;
  /** Paths of the documents that it was asked for. */
  readonly documents: string[];
  /** Its own session begins or ends. */
  setOpen(open: boolean): void;
  /** Where requests go on to. The app knows its public origin only once this proxy has a port. */
  forwardTo(origin: string): void;
  stop(): Promise<void>;
};

export const startGateProxy = async (): Promise<GateProxy> => {
  let isOpen = true;
  let target = '';
  const documents: string[] = [];
  const server = createServer((incoming, answer) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://gate');
    if (incoming.headers['sec-fetch-dest'] === 'document') documents.push(pathname);
    if (pathname === '/oauth2/sign-in') return void answer.writeHead(200, { 'content-type': 'text/html' }).end('Gate');
    if (!isOpen) return void answer.writeHead(302, { location: '/oauth2/sign-in' }).end();
    const { method, headers, url } = incoming;
    const onwards = send(new URL(url ?? '/', target), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onwards.on('error', () => answer.destroy());
    incoming.pipe(onwards);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  return {
    origin: `http://localhost:${typeof address === 'object' && address ? address.port : 0}`,
    documents,
    setOpen(open) {
      isOpen = open;
    },
    forwardTo(origin) {
      target = origin;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
