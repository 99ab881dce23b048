import type { IncomingMessage } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { setupWSConnection } from '@y/websocket-server/utils';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { Server as SocketIoServer } from 'socket.io';
import { WebSocketServer, type WebSocket } from 'ws';
import type { LibraryServers } from '../protocols/library-servers.ts';

/** Checks a ticket. Each works once. */
export type Admit = (request: IncomingMessage) => Promise<boolean>;

/** The servers of the client libraries' own projects behind one HTTP server. Each requires a ticket. */
export type ClientServers = {
  readonly socketIo: SocketIoServer;
  /** The path of each opened upstream. */
  readonly opened: readonly string[];
  /** Upgrade requests without a valid ticket. */
  readonly refused: readonly string[];
  open(path: string): readonly WebSocket[];
  /** Cuts the connections of one server, like a network loss. */
  cut(path: string): number;
  /** The number of open connections. */
  connections(): number;
  /** Cuts all of them. Returns how many there were. */
  cutAll(): number;
  /** Sends the next number to each GraphQL and tRPC subscription. */
  tick(n: number): void;
  /** Texts of the mutations that ran. */
  readonly mutations: readonly string[];
  close(): Promise<void>;
};

const SCHEMA = buildSchema(
  'type Query { hello: String echo(text: String!): String } type Mutation { note(text: String!): String } type Subscription { tick: Int }',
);

/** Yields the numbers from now on. */
const createTicks = () => {
  const listeners = new Set<(n: number) => void>();
  return {
    push: (n: number): void => listeners.forEach((listener) => listener(n)),
    async *iterate(signal?: AbortSignal): AsyncGenerator<number, void> {
      const queue: number[] = [];
      let wake = (): void => undefined;
      const listener = (n: number): void => {
        queue.push(n);
        wake();
      };
      listeners.add(listener);
      const ended = new Promise<'ended'>((resolve) => signal?.addEventListener('abort', () => resolve('ended')));
      try {
        for (;;) {
          const next = queue.shift();
          if (next !== undefined) yield next;
          else if ((await Promise.race([ended, new Promise<void>((resolve) => (wake = resolve))])) === 'ended') return;
        }
      } finally {
        listeners.delete(listener);
      }
    },
  };
};

const routerOf = (ticks: ReturnType<typeof createTicks>) => {
  const trpc = initTRPC.create();
  return trpc.router({
    hello: trpc.procedure.query(() => 'hello'),
    echo: trpc.procedure.input(String).query(({ input }) => input),
    tick: trpc.procedure.subscription(async function* ({ signal }) {
      yield* ticks.iterate(signal);
    }),
  });
};

export type Router = ReturnType<typeof routerOf>;

/** Echoes each frame, except for a few commands. */
const echo = (ws: WebSocket, request: IncomingMessage): void => {
  ws.on('message', (data, isBinary) => {
    const text = isBinary ? '' : String(data);
    const [, code, reason] = /^close (\d+) ?(.*)$/s.exec(text) ?? [];
    if (code !== undefined) return ws.close(Number(code), reason);
    if (text === 'close') return ws.close();
    if (text === 'cut') return ws.terminate();
    if (text === 'break') return request.socket.write(Buffer.from([0xf1, 0]));
    if (text === 'burst') for (const each of ['a', 'b', 'c']) ws.send(each);
    return ws.send(data, { binary: isBinary });
  });
};

/** `libraries`: more servers, for the table of clients. */
export const startClientServers = (http: HttpServer, admit: Admit, libraries?: LibraryServers): ClientServers => {
  const ticks = createTicks();
  const [opened, refused, mutations]: [string[], string[], string[]] = [[], [], []];
  const sockets = new Map<WebSocket, string>();
  const connections = new Set<Duplex>();
  const rooms = new WebSocketServer({ noServer: true });
  const graphql = new WebSocketServer({ noServer: true, handleProtocols: () => 'graphql-transport-ws' });
  const trpc = new WebSocketServer({ noServer: true });
  const socketIo = new SocketIoServer({
    transports: ['websocket'],
    serveClient: false,
    destroyUpgrade: false,
    connectionStateRecovery: {},
    allowRequest: (request, answer) =>
      void admit(request).then((isAdmitted) => {
        (isAdmitted ? opened : refused).push('/socket.io/');
        answer(null, isAdmitted);
      }),
  });
  socketIo.attach(http);
  socketIo.on('connection', (socket) => socket.on('say', (text: string) => socketIo.emit('said', text)));
  useServer(
    {
      schema: SCHEMA,
      roots: {
        query: { hello: () => 'hello', echo: ({ text }: { text: string }) => text },
        mutation: {
          // It answers in the next tick.
          note: async ({ text }: { text: string }) => {
            mutations.push(text);
            await ticks.iterate().next();
            return text;
          },
        },
        subscription: {
          tick: async function* () {
            for await (const tick of ticks.iterate()) yield { tick };
          },
        },
      },
    },
    graphql,
  );
  applyWSSHandler({ wss: trpc, router: routerOf(ticks) });

  type ServerOf = [string, WebSocketServer, (ws: WebSocket, request: IncomingMessage) => void];
  const servers: readonly ServerOf[] = [
    ['/graphql', graphql, (ws, request) => graphql.emit('connection', ws, request)],
    ['/rooms/trpc', trpc, (ws, request) => trpc.emit('connection', ws, request)],
    ['/rooms/yjs/', rooms, (ws, request) => setupWSConnection(ws, request, { docName: request.url })],
    ['/rooms/echo', rooms, echo],
    ['/all', rooms, (ws) => ws.on('message', (data) => sayToAll(String(data)))],
    ['/echo', rooms, echo],
    ...(libraries?.serve ?? []).map(([path, serve]): ServerOf => [path, rooms, serve]),
  ];
  const sayToAll = (text: string): void => openOn('/all').forEach((ws) => ws.send(text));
  const openOn = (path: string): readonly WebSocket[] =>
    [...sockets].flatMap(([ws, on]) => (on.startsWith(path) ? [ws] : []));

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [path, server, serve] = servers.find(([prefix]) => pathname.startsWith(prefix)) ?? [];
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    if (pathname.startsWith('/socket.io/')) return;
    const own = libraries?.upgrade.find(([prefix]) => pathname.startsWith(prefix));
    if (own && (await admit(request))) {
      opened.push(own[0]);
      return own[1](request, socket, head);
    }
    if (!path || !server || !serve || (path !== '/echo' && !(await admit(request)))) {
      refused.push(pathname);
      return void socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    }
    opened.push(path);
    server.handleUpgrade(request, socket, head, (ws) => {
      sockets.set(ws, pathname);
      ws.on('close', () => sockets.delete(ws));
      serve(ws, request);
    });
  };
  http.on('upgrade', (request, socket, head) => void upgrade(request, socket, head));

  return {
    socketIo,
    opened,
    refused,
    mutations,
    open: openOn,
    cut: (path) => {
      const found = openOn(path);
      for (const ws of found) ws.terminate();
      return found.length;
    },
    connections: () => connections.size,
    cutAll: () => {
      const found = [...connections];
      for (const socket of found) socket.destroy();
      return found.length;
    },
    tick: ticks.push,
    close: async () => {
      for (const ws of sockets.keys()) ws.terminate();
      socketIo.disconnectSockets(true);
      await libraries?.close();
      await new Promise<void>((resolve) => socketIo.engine.close() && resolve());
    },
  };
};
