import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

export type OtherOriginSite = {
  origin: string;
  /** Path, `authorization` and `dpop` of each request. Cookies ignore ports (RFC 6265 §8.5). */
  received: string[];
  close(): Promise<void>;
};

/** A server of another origin on this machine. It serves one page and records its requests. */
export const startOtherOriginSite = async (page: (origin: string) => string, port = 0): Promise<OtherOriginSite> => {
  const received: string[] = [];
  const server: Server = createServer((request, response) => {
    const { authorization, dpop } = request.headers;
    if (request.method !== 'OPTIONS') received.push(`${request.url} ${authorization ?? '-'} ${String(dpop ?? '-')}`);
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-allow-headers', 'authorization, dpop');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('content-type', 'text/html');
    response.end(page(origin));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return {
    origin,
    received,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
