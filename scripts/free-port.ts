import { createServer, type Server } from 'node:net';

const TRIES = 50;

/** Resolves with the listening server, or `undefined` if the port is taken. Port 0 takes any. */
const listen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

/**
 * A port on loopback that is free and whose successor is free too: the app takes the one, its provider the other.
 * Throws when there is none.
 */
export const freePortPair = async (): Promise<number> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const first = await listen(0);
    if (!first) continue;
    const port = portOf(first);
    const second = await listen(port + 1);
    await Promise.all([first, second].flatMap((server) => (server ? [close(server)] : [])));
    if (second) return port;
  }
  throw new Error('There are no two free ports side by side.');
};
