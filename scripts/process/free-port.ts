import { createServer, type Server } from 'node:net';

const TRIES = 50;
const STARTS = 5;
/**
 * Below the ports that the system gives to outgoing connections (from 32,768 in Linux, from 49,152 by IANA). Such a port
 * may be taken when a server starts again on it. Above the ports that browsers block
 * (https://fetch.spec.whatwg.org/#port-blocking; the last one is 10080).
 */
const [FIRST, LAST] = [11_000, 32_000];

/** Whether no server listens on this port. */
export const isFree = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  new Promise((resolve) => {
    const server: Server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

/**
 * A free port on loopback whose next port is free too, for the app and its provider. Throws when there is none. Another
 * process may take a port before the caller does: see `withFreePortPair`.
 */
export const freePortPair = async (): Promise<number> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + 2 * Math.floor((Math.random() * (LAST - FIRST)) / 2);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error(`No two neighbouring ports from ${FIRST} to ${LAST} are free. Stop other servers, and try again.`);
};

/** Node's error for a taken port, or the message with which `server/main.ts` ends because of one. */
const isAddressInUse = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && error.code === 'EADDRINUSE') || /^Port \d+ is taken\./m.test(error.message));

/**
 * Calls `start` with a free pair of ports, and with another pair when another process took one of them: five times at
 * most. `start` must clean up after itself before it rejects.
 */
export const withFreePortPair = async <T>(start: (port: number) => Promise<T>): Promise<T> => {
  for (let tried = 1; ; tried += 1) {
    const port = await freePortPair();
    try {
      return await start(port);
    } catch (error) {
      if (tried === STARTS || !isAddressInUse(error)) throw error;
    }
  }
};
