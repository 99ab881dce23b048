import { WebSocket, type ClientOptions } from 'ws';
import {
  parseServerFrame,
  SUBPROTOCOL,
  TICKET_SUBPROTOCOL_PREFIX,
  type ClientFrame,
  type Hello,
  type ServerFrame,
} from '../../../src/protocol/frames.ts';
import type { Cursor } from '../../../src/protocol/cursor.ts';
import { textOf } from '../../../server/realtime/freezable-socket.ts';
import { bearer, type TestServer } from './start.ts';

export type Closed = { code: number; reason: string };

const FRAME_TIMEOUT_MS = 20_000;

/** A client of `keeper.1` that keeps all received frames. */
export class HubClient {
  readonly frames: ServerFrame[] = [];
  readonly ws: WebSocket;
  readonly closed: Promise<Closed>;
  #waiters: (() => void)[] = [];

  constructor(url: string, protocols: readonly string[], options: ClientOptions) {
    this.ws = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], options);
    this.ws.on('message', (data) => {
      const frame = parseServerFrame(textOf(data));
      if (!frame || frame === 'unknown') throw new Error(`This is not a frame: ${textOf(data)}`);
      this.frames.push(frame);
      for (const wake of this.#waiters.splice(0)) wake();
    });
    this.closed = new Promise((done) => {
      this.ws.on('error', () => undefined);
      this.ws.on('close', (code, reason) => done({ code, reason: String(reason) }));
    });
  }

  send(frame: ClientFrame): void {
    this.ws.send(JSON.stringify(frame));
  }

  /** Resolves with the first result of `test` that is not `undefined`, over received and future frames. */
  async until<T>(test: (frame: ServerFrame) => T | undefined): Promise<T> {
    const deadline = setTimeout(() => this.ws.terminate(), FRAME_TIMEOUT_MS);
    for (let index = 0; ;) {
      for (; index < this.frames.length; index += 1) {
        const frame = this.frames[index];
        const found = frame && test(frame);
        if (found === undefined) continue;
        clearTimeout(deadline);
        return found;
      }
      const nextFrame = new Promise<'frame'>((done) => this.#waiters.push(() => done('frame')));
      const outcome = await Promise.race([nextFrame, this.closed]);
      if (outcome !== 'frame')
        throw new Error(
          `The socket closed with ${outcome.code} ${outcome.reason} after ${JSON.stringify(this.frames.slice(-5))}.`,
        );
    }
  }

  hello(): Promise<Hello> {
    return this.until((frame) => (frame[0] === 'hello' ? frame[1] : undefined));
  }

  async subscribe(topic: string, cursor: Cursor | null, requestId = 1): Promise<{ at: Cursor; resumed: boolean }> {
    this.send(['sub', requestId, topic, cursor]);
    return this.until((frame) =>
      frame[0] === 'ok' && frame[1] === requestId ? { at: frame[3], resumed: frame[4] } : undefined,
    );
  }

  async publish(topic: string, id: string, data: unknown): Promise<number> {
    this.send(['pub', id, topic, data]);
    return this.until((frame) => (frame[0] === 'ack' && frame[1] === id ? frame[2] : undefined));
  }

  events(topic: string): { offset: number; data: unknown }[] {
    return this.frames.flatMap((frame) =>
      frame[0] === 'ev' && frame[1] === topic ? [{ offset: frame[3], data: frame[4] }] : [],
    );
  }

  /** Resolves when the event with this offset has arrived. */
  async reach(topic: string, offset: number): Promise<void> {
    await this.until((frame) => (frame[0] === 'ev' && frame[1] === topic && frame[3] === offset ? true : undefined));
  }

  close(): void {
    this.ws.close();
  }
}

export const socketTicket = async (server: TestServer, token: string): Promise<string> => {
  const response = await server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
  const { ticket } = (await response.json()) as { ticket: string };
  return ticket;
};

export const dialWith = (server: { url: string }, ticket: string, origin = server.url): HubClient => {
  const carried = TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url');
  return new HubClient(`${server.url}/api/socket`, [SUBPROTOCOL, carried], { headers: { origin } });
};

/** Opens a socket with a new ticket, and sends `hi`. `epoch`: the worker's fence, by its name on the wire. */
export const dial = async (server: TestServer, token: string, host = 'browser', epoch = 1): Promise<HubClient> => {
  const client = dialWith(server, await socketTicket(server, token));
  await new Promise((done) => client.ws.once('open', done));
  client.send(['hi', { host, epoch }]);
  return client;
};
