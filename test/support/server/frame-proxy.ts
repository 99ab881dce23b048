import { once } from 'node:events';
import { createServer, request as send, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket, WebSocketServer } from 'ws';

/** A proxy in front of the real server that can send any frame on its sockets. */
export type FrameProxy = {
  readonly origin: string;
  /** Number of sockets that were opened through it. */
  readonly opened: number;
  /** How many are open at a path. */
  count(path: string): number;
  /** Sends this frame on all open sockets, or on those at a path. */
  inject(frame: string | Buffer, path?: string): void;
  /** Sends this frame on each new socket. `undefined`: nothing. */
  injectOnOpen(frame: string | undefined): void;
  close(): Promise<void>;
};

/** The headers that a page of the app's own origin sends. */
const asFrom = (origin: string, headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const named = { ...headers, host: new URL(origin).host };
  return headers.origin === undefined ? named : { ...named, origin };
};

const hostOf = (server: Server): string => {
  const address = server.address();
  return `localhost:${typeof address === 'object' && address ? address.port : 0}`;
};

const isSendable = (code: number): boolean => code === 1000 || (code >= 3000 && code <= 4999);

export const startFrameProxy = async (app: string): Promise<FrameProxy> => {
  /** Open sockets, with their paths. */
  const live = new Map<WebSocket, string>();
  let opened = 0;
  let greeting: string | undefined;

  /** The content security policy names the URL of the worker script, and the worker contains that policy. */
  const asHere = (words: string): string => words.replaceAll(new URL(app).host, hostOf(server));

  const here = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
    const { 'content-security-policy': policy, ...rest } = headers;
    return typeof policy === 'string' ? { ...rest, 'content-security-policy': asHere(policy) } : rest;
  };

  const server = createServer((incoming, outgoing) => {
    const headers = { ...asFrom(app, incoming.headers), 'accept-encoding': 'identity' };
    const onward = send(app + (incoming.url ?? '/'), { method: incoming.method, headers }, (answer) => {
      const status = answer.statusCode ?? 502;
      if (incoming.url !== '/sw.js') {
        outgoing.writeHead(status, here(answer.headers));
        return void answer.pipe(outgoing);
      }
      const { 'content-length': _, ...rest } = here(answer.headers);
      outgoing.writeHead(status, rest);
      void text(answer).then((script) => outgoing.end(asHere(script)));
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });

  const sockets = new WebSocketServer({ noServer: true, handleProtocols: ([first]) => first ?? false });

  const relay = (here: WebSocket, there: WebSocket): void => {
    there.on('message', (data, isBinary) => here.readyState === here.OPEN && here.send(data, { binary: isBinary }));
    there.on('close', (code, reason) => here.close(isSendable(code) || code === 1012 ? code : 1000, reason));
    there.on('error', () => here.terminate());
  };

  server.on('upgrade', (request, socket, head) => {
    const { origin = app, 'sec-websocket-protocol': offered } = asFrom(app, request.headers);
    const protocols = offered?.split(',').map((name) => name.trim()) ?? [];
    const there = new WebSocket(app.replace('http', 'ws') + (request.url ?? '/'), protocols, { origin });
    there.on('error', () => socket.destroy());
    there.once('open', () => {
      sockets.handleUpgrade(request, socket, head, (here) => {
        opened += 1;
        live.set(here, new URL(request.url ?? '/', app).pathname);
        here.on('close', () => live.delete(here));
        relay(here, there);
        relay(there, here);
        if (greeting !== undefined) here.send(greeting);
      });
    });
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://${hostOf(server)}`,
    get opened() {
      return opened;
    },
    count: (path) => [...live.values()].filter((at) => at === path).length,
    inject: (frame, path) => {
      for (const [socket, at] of live) if (path === undefined || at === path) socket.send(frame);
    },
    injectOnOpen: (frame) => {
      greeting = frame;
    },
    close: async () => {
      for (const socket of live.keys()) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
