import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket as NodeWebSocket, WebSocketServer, type WebSocket as NodeSocket } from 'ws';
import type { CodecKind } from '../../../src/core/codecs/codec.ts';
import { BUILT_IN_CODECS } from '../../../src/host/sockets/shared-sockets.ts';
import type { OutboxStore } from '../../../src/host/storage/outbox-store.ts';
import { createOutboxStore } from '../../../src/host/storage/outbox-store.ts';
import { systemClock, type Clock } from '../../../src/host/runtime/clock.ts';
import type { WebSocketMaker } from '../../../src/host/sockets/websocket-connection.ts';
import { createSockets, type Sockets } from '../../../src/host/sockets/sockets.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import type { SocketConfig } from '../../../src/protocol/config.ts';
import { SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX, type ProfileIdentity } from '../../../src/protocol/frames.ts';
import { HubServer, type Connection } from '../../core/socket-world/socket-server.ts';

/* A real HTTP and WebSocket server on loopback for the real host. Nothing between them is simulated. */

/** `ws` implements all that the host uses of the browser's WebSocket. */
export const maker = NodeWebSocket as unknown as WebSocketMaker;

export const CONFIG: readonly SocketConfig[] = [
  {
    url: '/api/socket',
    codec: 'keeper.1',
    ticket: { url: '/api/v1/socket/ticket', method: 'POST', carry: 'protocol' },
  },
  { url: '/api/events', codec: 'json-ping', ticket: { url: '/api/auth/token', method: 'GET', carry: 'query' } },
];

const HOST = '127.0.0.1';

type TicketAnswer = { status: number; headers?: Record<string, string>; body?: string };

export type TestServer = {
  readonly hub: HubServer;
  readonly origin: string;
  /** Open upstreams by path. */
  readonly sockets: Map<NodeSocket, string>;
  readonly dials: string[];
  /** The answers to the next ticket requests, instead of a ticket. */
  readonly ticketAnswers: TicketAnswer[];
  /** Frames that plain streams received. */
  readonly received: string[];
  /** The generation that requests are authorized with. */
  generation: number;
  say(topic: string, count?: number): void;
  broadcast(text: string): void;
  cut(): void;
  stop(): Promise<void>;
  start(): Promise<void>;
};

const ticketOf = (request: IncomingMessage): string => {
  const carried = (request.headers['sec-websocket-protocol'] ?? '')
    .split(/, */)
    .find((name) => name.startsWith(TICKET_SUBPROTOCOL_PREFIX));
  if (carried) return Buffer.from(carried.slice(TICKET_SUBPROTOCOL_PREFIX.length), 'base64url').toString('utf8');
  return new URL(request.url ?? '/', 'http://localhost').searchParams.get('token') ?? '';
};

const serveHub = (hub: HubServer, ws: NodeSocket, request: IncomingMessage): void => {
  const generation = hub.redeem(ticketOf(request), Date.now());
  if (generation === undefined || generation < hub.minGeneration) return ws.close(4401);
  const connection: Connection = {
    id: 0,
    silent: false,
    open: true,
    greeted: false,
    generation,
    subscriptions: new Set(),
    send: (frame) => !connection.silent && ws.send(JSON.stringify(frame)),
    close: (code, reason) => (code === 1006 ? ws.terminate() : ws.close(code, reason)),
  };
  hub.connections.add(connection);
  ws.on('message', (data) => connection.silent || hub.receive(connection, String(data), Date.now()));
  ws.on('close', () => hub.connections.delete(connection));
};

/** `/api/events` only records what it receives. `/echo` is the server of a private socket. */
const servePlain = (
  server: { hub: HubServer; received: string[] },
  ws: NodeSocket,
  request: IncomingMessage,
  path: string,
): void => {
  if (path === '/api/events' && server.hub.redeem(ticketOf(request), Date.now()) === undefined) return ws.close(4401);
  ws.on('message', (data, isBinary) => {
    const text = String(data);
    if (path === '/echo') return text === 'bye' ? ws.close(4321, 'bye') : ws.send(data, { binary: isBinary });
    if (text === '{"type":"ping"}') return ws.send('{"type":"pong"}');
    server.received.push(text);
    return undefined;
  });
};

export const startTestServer = async (): Promise<TestServer> => {
  const hub = new HubServer();
  const sockets = new Map<NodeSocket, string>();
  const [dials, ticketAnswers, received]: [string[], TicketAnswer[], string[]] = [[], [], []];
  let http: Server;
  let port = 0;

  const answerTicket = (response: ServerResponse): void => {
    const answer = ticketAnswers.shift();
    const { ticket, freshForMs } = hub.mint(Date.now(), server.generation);
    const status = answer?.status ?? (server.generation < hub.minGeneration ? 401 : 200);
    const headers = { 'content-type': 'application/json', ...answer?.headers };
    response.writeHead(status, headers).end(answer?.body ?? JSON.stringify({ ticket, expires_in: freshForMs / 1_000 }));
  };

  const listen = async (): Promise<void> => {
    http = createServer((_request, response) => answerTicket(response));
    const upgrades = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : ([...offered][0] ?? false)),
    });
    http.on('upgrade', (request, socket, head) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      dials.push(path);
      upgrades.handleUpgrade(request, socket, head, (ws) => {
        sockets.set(ws, path);
        ws.on('close', () => sockets.delete(ws));
        if (path === '/api/socket') serveHub(hub, ws, request);
        else servePlain(server, ws, request, path);
      });
    });
    await new Promise<void>((resolve) => http.listen(port, HOST, resolve));
    port = (http.address() as AddressInfo).port;
  };

  const server: TestServer = {
    hub,
    sockets,
    dials,
    ticketAnswers,
    received,
    generation: 1,
    get origin() {
      return `http://${HOST}:${port}`;
    },
    say: (topic, count = 1) => {
      for (let i = 0; i < count; i++) hub.append(topic, `${topic}${hub.head(topic) + 1}`);
    },
    broadcast: (text) => sockets.forEach((path, ws) => path === '/api/events' && ws.send(text)),
    cut: () => sockets.forEach((_path, ws) => ws.terminate()),
    stop: async () => {
      server.cut();
      await new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      });
    },
    start: listen,
  };
  await listen();
  return server;
};

export type TestHost = {
  readonly sockets: Sockets;
  readonly frames: Map<string, PortFrame[]>;
  readonly deliveries: PortFrame[][];
  readonly unauthorized: number[];
  readonly journal: string[];
  /** Resolves with the result of `look`. Calls it again after each event. */
  until<T>(look: () => T | undefined | false, what: string): Promise<T>;
  of<T extends PortFrame['type']>(tab: string, type: T): (PortFrame & { type: T })[];
};

const PATIENCE_MS = 15_000;

export type TestHostOptions = {
  fence?: number;
  /** What the host does when the hub rejects it for a newer worker. Default: it stays away. */
  leaveOtherLineage?(identity: ProfileIdentity): boolean;
  outbox?: OutboxStore;
  request?(url: string, init: RequestInit): Promise<Response>;
  clock?: Clock;
  config?: readonly SocketConfig[];
  /** Besides the built-in ones. */
  codecs?: readonly CodecKind[];
};

export const startHost = (server: { readonly origin: string }, options: TestHostOptions = {}): TestHost => {
  const { leaveOtherLineage } = options;
  const identity: ProfileIdentity = { host: 'h', epoch: options.fence ?? 1 };
  const { outbox = createOutboxStore(), clock = systemClock } = options;
  const { config = CONFIG, codecs = [] } = options;
  const { request = (url, init) => fetch(new URL(url, server.origin), init) } = options;
  const frames = new Map<string, PortFrame[]>();
  const [deliveries, unauthorized, journal]: [PortFrame[][], number[], string[]] = [[], [], []];
  const watchers = new Set<() => void>();
  const notify = (): void => watchers.forEach((watch) => watch());
  const sockets = createSockets({
    config,
    codecs: [...BUILT_IN_CODECS, ...codecs],
    origin: server.origin,
    clock,
    random: () => 0.1,
    identity,
    leaveOtherLineage: async () => leaveOtherLineage?.(identity) === true,
    request,
    outbox,
    deliver: (tab, batch) => {
      deliveries.push(batch);
      frames.set(tab, [...(frames.get(tab) ?? []), ...batch]);
      notify();
    },
    onChange: notify,
    onUnauthorized: (generation) => {
      unauthorized.push(generation);
      notify();
    },
    journal: (...line) => {
      journal.push(line.join(' '));
      notify();
    },
    WebSocket: maker,
  });

  return {
    sockets,
    frames,
    deliveries,
    unauthorized,
    journal,
    of: (tab, type) =>
      (frames.get(tab) ?? []).filter(
        (frame): frame is Extract<PortFrame, { type: typeof type }> => frame.type === type,
      ),
    until: (look, what) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () =>
            reject(new Error(`timed out waiting for: ${what}\n${journal.join('\n')}\n${JSON.stringify([...frames])}`)),
          PATIENCE_MS,
        );
        const watch = (): void => {
          const found = look();
          if (found === undefined || found === false) return;
          clearTimeout(timer);
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        watch();
      }),
  };
};
