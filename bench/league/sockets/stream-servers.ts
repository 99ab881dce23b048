import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as SocketIoServer } from 'socket.io';
import { WebSocketServer, type WebSocket } from 'ws';
import { createHub } from '../../../server/kit/socket-hub.ts';
import { createSealer } from '../../../server/kit/sealer.ts';
import { createTickets } from '../../../server/kit/socket-tickets.ts';
import { memoryStore } from '../../../server/kit/memory-store.ts';
import { sealedWorker } from '../../../server/kit/sealed-worker.ts';
import { isObject, numberAt, own, parseJson } from '../../../src/protocol/schema/json.ts';
import { createCentrifugeServer } from '../../../test/support/protocols/centrifuge-server.ts';
import type { Serve } from '../../../test/support/protocols/serve.ts';

/*
 * The server of each library. All have the same heartbeat where the library knows one, and all keep messages for longer than a
 * scenario lasts. The servers never end: what the scenarios break is the network between them and the browser.
 */

export type StreamServer = {
  /** Takes the sockets of signed-in users. */
  attach(server: Server, isSignedIn: (request: IncomingMessage) => boolean): void;
  publish(number: number): unknown;
  /** Routes of its own. Resolves with `true` when it has answered. */
  handle?(request: IncomingMessage, response: ServerResponse, isSignedIn: boolean): Promise<boolean>;
  close(): unknown;
};

/** The default of Session Keeper's hub. Socket.IO and Centrifugo have 25 s, so this is better for them. */
const HEARTBEAT_MS = 10_000;
const KEEPS_MS = 10 * 60_000;
const KEEPS_MESSAGES = 10_000;
const UNAUTHORIZED = 'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n';
const SUB = 'demo';

/** The worker with its ticket route, and the hub of `keeper.1`, as `examples/express` has them. */
export const keeperServer = (): StreamServer => {
  const store = memoryStore();
  const tickets = createTickets({ store });
  const hub = createHub({ store, authenticate: tickets.redeem, heartbeatMs: HEARTBEAT_MS });
  const worker = sealedWorker({
    sealer: createSealer({ keys: ['the key of the league is no secret'] }),
    config: {
      api: [{ origin: 'self', path: '/api/' }],
      whoami: '/api/status',
      signIn: { ticket: { login: '/api/login', status: '/api/status', logout: '/api/logout' } },
      sockets: [
        { url: '/api/socket', codec: 'keeper.1', ticket: { url: '/api/ticket', method: 'POST', carry: 'protocol' } },
      ],
    },
  });
  return {
    attach: (server) => hub.attach(server),
    publish: (number) => hub.publish({ sub: SUB, topic: 'league', data: { number } }),
    handle: async (request, response, isSignedIn) => {
      if (await worker.node(request, response)) return true;
      if (request.url !== '/api/ticket' || !isSignedIn) return false;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(await tickets.mint({ sub: SUB })));
      return true;
    },
    close: async () => {
      await hub.close();
      await store.close();
    },
  };
};

/** Sockets on one path, for those with the session's cookie. Ends those whose peer no longer answers, as the documentation of ws says. */
const acceptAt = (path: string, serve: Serve): Pick<StreamServer, 'attach' | 'close'> => {
  const accepting = new WebSocketServer({ noServer: true });
  const silent = new Set<WebSocket>();
  const beating = setInterval(() => {
    for (const ws of accepting.clients) {
      if (silent.has(ws)) ws.terminate();
      silent.add(ws);
      ws.ping();
    }
  }, HEARTBEAT_MS);
  return {
    attach: (server, isSignedIn) =>
      void server.on('upgrade', (request, socket, head) => {
        socket.on('error', () => socket.destroy());
        if (request.url !== path || !isSignedIn(request)) return void socket.end(UNAUTHORIZED);
        return accepting.handleUpgrade(request, socket, head, (ws) => {
          accepting.emit('connection', ws);
          ws.on('pong', () => silent.delete(ws));
          ws.once('close', () => silent.delete(ws));
          serve(ws, request);
        });
      }),
    close: () => {
      clearInterval(beating);
      accepting.close();
    },
  };
};

/** A bare socket. The server answers `since` with what it has kept, and `ping` with a frame. */
export const rawServer = (): StreamServer => {
  let kept: { position: number; number: number }[] = [];
  let position = 0;
  const listening = new Set<WebSocket>();
  const serve: Serve = (ws) => {
    ws.once('close', () => listening.delete(ws));
    ws.on('message', (bytes: Buffer) => {
      const message = parseJson(bytes.toString('utf8'));
      if (!isObject(message)) return ws.close(1003);
      if (own(message, 'ping') === true) return ws.send('{"pong":true}');
      const since = numberAt(message, 'since') ?? position;
      for (const each of kept) if (each.position > since) ws.send(JSON.stringify(each));
      return void listening.add(ws);
    });
  };
  return {
    ...acceptAt('/socket', serve),
    publish: (number) => {
      position += 1;
      const message = { position, number };
      kept = [...kept.slice(1 - KEEPS_MESSAGES), message];
      for (const ws of listening) ws.send(JSON.stringify(message));
    },
  };
};

/** With connection state recovery, and its tutorial's answer to a client whose state could not be recovered. */
export const socketIoServer = (): StreamServer => {
  const io = new SocketIoServer({
    serveClient: false,
    transports: ['websocket'],
    pingInterval: HEARTBEAT_MS,
    pingTimeout: HEARTBEAT_MS / 2,
    connectionStateRecovery: { maxDisconnectionDuration: KEEPS_MS },
  });
  let kept: { position: number; number: number }[] = [];
  let position = 0;
  io.on('connection', (socket) => {
    const auth: unknown = socket.handshake.auth;
    const since = isObject(auth) ? numberAt(auth, 'serverOffset') : undefined;
    if (socket.recovered || since === undefined) return;
    for (const each of kept) if (each.position > since) socket.emit('number', each.number, each.position);
  });
  return {
    attach: (server, isSignedIn) => {
      io.use((socket, next) => next(isSignedIn(socket.request) ? undefined : new Error('unauthorized')));
      io.attach(server);
    },
    publish: (number) => {
      position += 1;
      kept = [...kept.slice(1 - KEEPS_MESSAGES), { position, number }];
      io.emit('number', number, position);
    },
    close: () => io.close(),
  };
};

/** What the test server's greeting promises (s). It sends no pings itself. */
const PROMISED = '"ping":25';

/** Centrifugo's protocol, with a history of everything, and with the pings that a real server sends. */
export const centrifugeServer = (): StreamServer => {
  const centrifuge = createCentrifugeServer();
  const serve: Serve = (ws, request) => {
    const send = ws.send.bind(ws);
    ws.send = (data: unknown) => send(String(data).replace(PROMISED, `"ping":${HEARTBEAT_MS / 1000}`));
    const pinging = setInterval(() => send('{}'), HEARTBEAT_MS);
    ws.once('close', () => clearInterval(pinging));
    centrifuge.serve(ws, request);
  };
  return {
    ...acceptAt('/connection/websocket', serve),
    publish: (number) => centrifuge.publish('league', { number }),
  };
};
