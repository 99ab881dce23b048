import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type Balancer = {
  /** Without a trailing slash. Browsers treat it as secure, because it is this computer. */
  readonly origin: string;
  stop(): void;
};

/** A TCP balancer: each connection goes to the instance that `next` names at that moment. */
export const startBalancer = async (next: () => string): Promise<Balancer> => {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const { hostname, port } = new URL(next());
    const upstream = connect(Number(port), hostname);
    const end = (): void => {
      for (const side of [client, upstream]) {
        side.destroy();
        open.delete(side);
      }
    };
    for (const side of [client, upstream]) {
      open.add(side);
      side.setNoDelay(true).on('error', end).on('close', end);
    }
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      for (const side of open) side.destroy();
    },
  };
};
