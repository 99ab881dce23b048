import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { parseJson } from '../../src/protocol/schema/json.ts';

/** One way in which a server breaks the protocol. The hub stands between the client and the real server. */
export type Breakage = {
  /** Changes a client's message before the real server receives it. Without this function it passes unchanged. */
  fromClient?(frame: readonly unknown[] | undefined, text: Buffer, wire: BrokenWire): readonly (string | Buffer)[];
  fromServer?(frame: readonly unknown[], wire: BrokenWire): readonly (readonly unknown[])[];
  /** The close code for the client, or `undefined` to leave the socket open. */
  close?(code: number): number | undefined;
  /** Chooses one of the offered subprotocols. */
  choose?(offered: readonly string[]): string;
  /** Whether the server issues tickets to anyone, accepts any ticket, and accepts any origin. */
  gives?: 'anyone';
  takes?: 'anything';
  opens?: 'any origin';
};

export type BrokenWire = {
  /** State of this socket that a breakage keeps. */
  readonly memory: Map<string, unknown>;
  say(frame: readonly unknown[]): void;
  shut(code: number): void;
};

export type BrokenHub = { readonly url: URL; close(): Promise<void> };

const TICKET = 'keeper.ticket.';

const frameOf = (text: Buffer): readonly unknown[] | undefined => {
  const frame = parseJson(text.toString());
  return Array.isArray(frame) ? (frame as unknown[]) : undefined;
};

const sendable = (code: number): number => (code === 1005 ? 1000 : code);

const mint = async (real: string, authorization: string): Promise<string> => {
  const response = await fetch(`${real}/api/v1/socket/ticket`, { method: 'POST', headers: { authorization } });
  return ((await response.json()) as { ticket: string }).ticket;
};

const join = (here: WebSocket, there: WebSocket, breakage: Breakage): void => {
  const wire: BrokenWire = {
    memory: new Map(),
    say: (frame) => here.readyState === here.OPEN && here.send(JSON.stringify(frame)),
    shut: (code) => here.close(code),
  };
  const early: (() => void)[] = [];
  const onward = (work: () => void): void => {
    if (there.readyState === there.CONNECTING) early.push(work);
    else if (there.readyState === there.OPEN) work();
  };
  there.on('open', () => early.splice(0).forEach((work) => work()));
  here.on('message', (data: Buffer, binary) => {
    const passed = breakage.fromClient?.(binary ? undefined : frameOf(data), data, wire) ?? [data];
    for (const each of passed) onward(() => there.send(each, { binary: binary && each === data }));
  });
  there.on('message', (data: Buffer) => {
    const frame = frameOf(data) ?? [];
    for (const each of breakage.fromServer?.(frame, wire) ?? [frame]) wire.say(each);
  });
  there.on('close', (code, reason) => {
    const shown = breakage.close ? breakage.close(code) : code;
    if (shown === 1006) return here.terminate();
    if (shown !== undefined) return here.close(sendable(shown), shown === code ? reason : '');
  });
  there.on('error', () => undefined);
  here.on('error', () => undefined);
  here.on('close', () => there.terminate());
};

/** Stands before a server that conforms, and breaks one thing of it. */
export const startBrokenHub = async (real: string, authorization: string, breakage: Breakage): Promise<BrokenHub> => {
  const server = createServer((request, response) => {
    const carried = breakage.gives === 'anyone' ? authorization : request.headers.authorization;
    const headers = carried === undefined ? {} : { authorization: carried };
    void fetch(real + (request.url ?? '/'), { method: request.method ?? 'GET', headers }).then(async (answer) => {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
  });
  const sockets = new WebSocketServer({
    noServer: true,
    skipUTF8Validation: true,
    handleProtocols: (offered) => breakage.choose?.([...offered]) ?? 'keeper.1',
  });
  server.on('upgrade', (request, socket, head) => {
    if (breakage.opens !== 'any origin' && request.headers.origin !== `http://${request.headers.host}`) {
      return void socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    }
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/, */);
    return sockets.handleUpgrade(request, socket, head, (here) => {
      here.pause();
      void (async () => {
        const fresh = `${TICKET}${Buffer.from(await mint(real, authorization)).toString('base64url')}`;
        const protocols = breakage.takes === 'anything' ? ['keeper.1', fresh] : offered;
        join(here, new WebSocket(real.replace('http', 'ws') + (request.url ?? ''), protocols), breakage);
        here.resume();
      })();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: new URL(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`),
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
