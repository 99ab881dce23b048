import { once } from 'node:events';
import { createServer } from 'node:http';

export const TOKEN = 'token-of-ada';

/** `/me` answers only requests with the bearer token, `/public` all of them. */
export type TokenSite = {
  readonly port: number;
  /** The `Accept` of each request, in order. */
  readonly accepted: readonly (string | undefined)[];
  stop(): Promise<void>;
};

export const startTokenSite = async (): Promise<TokenSite> => {
  const accepted: (string | undefined)[] = [];
  const server = createServer(({ url = '/', headers }, outgoing) => {
    accepted.push(headers.accept);
    const isKnown = headers.authorization === `Bearer ${TOKEN}` || url.startsWith('/public');
    const status = !isKnown ? 401 : url.endsWith('unchanged') ? 304 : 200;
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(status === 200 ? JSON.stringify(url.startsWith('/public') ? {} : { name: 'ada' }) : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    accepted,
    stop: async () => {
      const closed = once(server, 'close');
      server.closeAllConnections();
      server.close();
      await closed;
    },
  };
};
