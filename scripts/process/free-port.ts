import { createServer, type Server } from 'node:net';

const TRIES = 50;
/**
 * Below the ports that systems hand out by themselves (from 32,768 in Linux, from 49,152 by IANA): a server that comes
 * back to such a one may find that a connection of somebody else has taken it meanwhile. Above those that browsers
 * refuse to ask (https://fetch.spec.whatwg.org/#port-blocking; the last one is 10080).
 */
const [FIRST, LAST] = [11_000, 32_000];

/** Whether nobody listens there. */
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server: Server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/**
 * A port on loopback that is free and whose successor is free too: the app takes the one, its provider the other.
 * Throws when there is none.
 */
export const freePortPair = async (): Promise<number> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + 2 * Math.floor((Math.random() * (LAST - FIRST)) / 2);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error('There are no two free ports side by side.');
};
