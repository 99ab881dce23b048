import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buildSchema, execute, subscribe, validate } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';
import { createCentrifugeServer } from '../../support/protocols/centrifuge-server.ts';
import { createPhoenixServer } from '../../support/protocols/phoenix-server.ts';
import type { SocketConfig } from '../../../src/protocol/config.ts';

/* The servers of the optional codecs, on loopback. Each of them sends a tick every 20 ms. */

const TICK_MS = 20;
const GRAPHQL = '/graphql';
const PHOENIX = '/phoenix';
const CENTRIFUGE = '/centrifuge';
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';
const ticket = { url: '/ticket', method: 'POST', carry: 'protocol' } as const;

export const OPTIONAL_SOCKETS = [
  { url: GRAPHQL, codec: 'graphql-transport-ws', ticket },
  { url: SOCKET_IO, codec: 'socket.io', ticket },
  { url: PHOENIX, codec: 'phoenix', ticket },
  { url: CENTRIFUGE, codec: 'centrifuge', ticket },
] as const satisfies readonly SocketConfig[];

export type CodecServers = {
  readonly origin: string;
  readonly dials: () => number;
  cut(): void;
  stop(): Promise<void>;
};

export const startCodecServers = async (maxBytes: number): Promise<CodecServers> => {
  const http = createServer((_, response) => response.end('{"ticket":"abc","expires_in":30}')).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const sockets = new Set<Socket>();
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  let dials = 0;
  const waiting = new Set<() => void>();
  async function* ticks() {
    for (;;) {
      await new Promise<void>((resolve) => waiting.add(resolve));
      yield { tick: 1 };
    }
  }
  const handleProtocols = () => 'graphql-transport-ws';
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: maxBytes, handleProtocols });
  const schema = buildSchema('type Query { echo(text: String): String } type Subscription { tick: Int }');
  const roots = { query: { echo: () => 'x' }, subscription: { tick: ticks } };
  // Vitest and graphql-ws load two copies of graphql, which share no class.
  useServer({ schema, execute, subscribe, validate, roots }, upgrades);
  const plain = new WebSocketServer({ noServer: true, maxPayload: maxBytes });
  const [phoenix, centrifuge] = [createPhoenixServer(), createCentrifugeServer()];
  http.on('upgrade', (request, socket, head) => {
    dials += 1;
    const path = request.url ?? '';
    if (path.startsWith(GRAPHQL))
      upgrades.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => undefined);
        upgrades.emit('connection', ws, request);
      });
    else if (path === PHOENIX || path === CENTRIFUGE)
      plain.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => undefined);
        (path === PHOENIX ? phoenix : centrifuge).serve(ws, request);
      });
  });
  const options = { transports: ['websocket' as const], serveClient: false, destroyUpgrade: false };
  const io = new Server(http, { ...options, maxHttpBufferSize: maxBytes, connectionStateRecovery: {} });
  io.on('connection', (socket) => socket.on('say', (_text, reply: (answer: string) => void) => reply('ok')));
  const ticking = setInterval(() => {
    for (const wake of waiting) wake();
    waiting.clear();
    io.emit('tick');
    phoenix.broadcast('room:1', 'tick', {});
    centrifuge.publish('ticks', 'tick');
  }, TICK_MS);
  const { port } = http.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    dials: () => dials,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    stop: async () => {
      clearInterval(ticking);
      await io.close();
      http.closeAllConnections();
    },
  };
};
