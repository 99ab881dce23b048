import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Chance } from '../base/chance.ts';
import type { Certificate } from './http/certificate.ts';
import { PORTAL_HOST } from './http/fault-answers.ts';
import { createHttpFaults, type HttpFaults } from './http/faults.ts';
import { createGateway } from './http/gateway.ts';
import type { Trust } from './http/gateway-request.ts';
import { createLink, type Link } from './tcp/link.ts';
import { createNetworkLog, type Exchange, type NetworkLog } from './http/network-log.ts';
import type { OpenSocket } from './http/socket-gateway.ts';
import { readSocksRequest, type ServerAddress } from './tcp/socks.ts';
import { createToxics, type Toxics } from './tcp/toxics.ts';

/**
 * `up`: everything passes. `down`: open connections are reset, new ones refused. `blackhole`: nothing passes and nothing
 * ends, and what was sent arrives once the network is up again.
 */
export type NetworkState = 'up' | 'down' | 'blackhole';

/** How a client names the server: with SOCKS 5 for each connection, or one server for all. */
export type Route = { type: 'socks' } | { type: 'fixed'; target: ServerAddress };

export type NetworkOptions = {
  route: Route;
  /** `http`: reads HTTP and WebSocket, for faults on requests. `tcp`: bytes only. */
  protocol: 'http' | 'tcp';
  chance: Chance;
  host?: string | undefined;
  /** 0: a free one. */
  port?: number | undefined;
  certificate?: Certificate | undefined;
  trust?: Trust | undefined;
  /** Hosts that clients may reach; all by default. The lab's own portal is always one of them. */
  allows?: ((host: string) => boolean) | undefined;
  onText?: ((exchange: Exchange, text: string) => void) | undefined;
};

/** A network between a client and its servers, whose faults a test controls. */
export type Network = {
  /** `host:port` on which it listens. */
  readonly address: string;
  readonly port: number;
  readonly toxics: Toxics;
  readonly faults: HttpFaults;
  readonly log: NetworkLog;
  readonly state: NetworkState;
  setState(state: NetworkState): void;
  /** Drops all packets of the open sockets, or connections, without an end. New connections work. Returns their number. */
  silence(what: 'sockets' | 'everything'): number;
  /** Resets all open connections. New connections work. */
  cut(): void;
  sockets(): readonly OpenSocket[];
  setIdleCut(ms: number | undefined): void;
  setClockOffset(ms: number): void;
  connections(): number;
  stop(): Promise<void>;
};

const LOOPBACK = '127.0.0.1';

const relay = (link: Link, target: ServerAddress): void => {
  const far = connect(target.port, target.host);
  far.setNoDelay(true);
  link.inner.pipe(far).pipe(link.inner);
  far.once('error', () => link.reset());
  link.inner.once('close', () => far.destroy());
};

const listenOn = async (server: Server, port: number, host: string): Promise<number> => {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
};

export const startNetwork = async (options: NetworkOptions): Promise<Network> => {
  const { route, protocol, chance, host = LOOPBACK, allows = () => true } = options;
  const toxics = createToxics();
  const faults = createHttpFaults(chance);
  const log = createNetworkLog();
  const onText = options.onText ?? (() => undefined);
  const gateway = createGateway({
    faults,
    log,
    trust: options.trust ?? 'checked',
    certificate: options.certificate,
    onText,
  });
  const links = new Set<Link>();
  const clients = new Set<Socket>();
  /** New connections during `blackhole`. They continue when it is over. */
  let waiting: (() => void)[] = [];
  let state: NetworkState = 'up';

  const join = (client: Socket, target: ServerAddress): void => {
    const link = createLink(client, { toxics, chance, onClose: () => links.delete(link) });
    links.add(link);
    if (protocol === 'http') gateway.serve(link, target);
    else relay(link, target);
  };

  const admit = (client: Socket, begin: () => void, refuse: () => void): void => {
    if (state === 'down') return refuse();
    if (state === 'up') return begin();
    waiting.push(() => (client.destroyed ? undefined : begin()));
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    if (route.type === 'fixed') {
      client.on('error', () => client.destroy());
      const refuse = (): void => void client.resetAndDestroy();
      return admit(client, () => join(client, route.target), refuse);
    }
    readSocksRequest(client, (request) => {
      const { host: wanted } = request.target;
      if (wanted !== PORTAL_HOST && !allows(wanted)) return request.refuse();
      const begin = (): void => {
        request.accept();
        join(client, request.target);
      };
      admit(client, begin, () => request.refuse());
    });
  });
  const port = await listenOn(server, options.port ?? 0, host);

  const cut = (): void => {
    for (const link of links) link.reset();
  };
  return {
    address: `${host}:${port}`,
    port,
    toxics,
    faults,
    log,
    get state() {
      return state;
    },
    setState: (next) => {
      state = next;
      if (next === 'down') cut();
      if (next === 'blackhole') {
        for (const link of links) link.hold();
        return;
      }
      for (const link of links) link.release();
      const all = waiting;
      waiting = [];
      for (const begin of all) begin();
    },
    silence: (what) => {
      const open = gateway.sockets.sockets();
      for (const socket of open) socket.silence();
      if (what === 'sockets') return open.length;
      const silenced = links.size;
      for (const link of links) link.silence();
      return silenced;
    },
    cut,
    sockets: () => gateway.sockets.sockets(),
    setIdleCut: (ms) => gateway.sockets.setIdleCut(ms),
    setClockOffset: (ms) => gateway.setClockOffset(ms),
    connections: () => links.size,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      for (const client of clients) client.destroy();
      await closed;
    },
  };
};
