import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Hocuspocus } from '@hocuspocus/server';
import { Aedes } from 'aedes';
import { Server as EngineServer } from 'engine.io';
import { createServer as createSockjsServer } from 'sockjs';
import { createWebSocketStream } from 'ws';
import { createCentrifugeServer } from './centrifuge-server.ts';
import {
  createActionCableServer,
  createPusherServer,
  createSignalrServer,
  serveColyseusRoom,
} from './message-servers.ts';
import { createNatsServer } from './nats-server.ts';
import { createPhoenixServer } from './phoenix-server.ts';
import type { Serve } from './serve.ts';
import { createStompServer } from './stomp-server.ts';
import { serveVnc } from './vnc-server.ts';

/**
 * The servers of client-table.spec.ts, by the start of their path: aedes, Hocuspocus, Engine.IO and SockJS from npm, and
 * the smallest servers of the other protocols.
 */
export type LibraryServers = {
  readonly serve: readonly (readonly [path: string, serve: Serve])[];
  /** Those that accept the connection themselves. */
  readonly upgrade: readonly (readonly [
    path: string,
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ])[];
  close(): Promise<void>;
};

export const SOCKJS = '/query/sockjs';

export const startLibraryServers = async (): Promise<LibraryServers> => {
  const broker = await Aedes.createBroker();
  const documents = new Hocuspocus({ quiet: true });
  const engine = new EngineServer({ transports: ['websocket'] });
  engine.on(
    'connection',
    (socket: { on(event: string, listener: (data: unknown) => void): void; send(data: unknown): void }) =>
      socket.on('message', (data) => socket.send(data)),
  );
  const sockjs = createSockjsServer({ prefix: SOCKJS, log: () => undefined });
  sockjs.on('connection', (connection) => connection.on('data', (text) => connection.write(text)));
  const acceptSockjs = sockjs.listener({}).getHandler();
  return {
    serve: [
      ['/phoenix/', createPhoenixServer().serve],
      ['/realtime/', createPhoenixServer().serve],
      ['/centrifuge', createCentrifugeServer().serve],
      ['/rooms/mqtt', (ws, request) => void broker.handle(createWebSocketStream(ws), request)],
      ['/rooms/stomp', createStompServer()],
      ['/rooms/nats', createNatsServer()],
      ['/rooms/signalr', createSignalrServer()],
      ['/rooms/pusher', createPusherServer()],
      ['/rooms/cable', createActionCableServer()],
      ['/rooms/colyseus', serveColyseusRoom],
      ['/rooms/hocuspocus', (ws, request) => documents.handleConnection(ws, request)],
      ['/rooms/vnc', serveVnc],
    ],
    upgrade: [
      ['/rooms/engine/', (request, socket, head) => engine.handleUpgrade(request, socket, head)],
      [SOCKJS, (request, socket, head) => acceptSockjs(request, socket, head)],
    ],
    close: async () => {
      engine.close();
      documents.closeConnections();
      await new Promise<void>((resolve) => broker.close(resolve));
    },
  };
};
