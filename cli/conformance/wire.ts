import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  parseServerFrame,
  SUBPROTOCOL,
  TICKET_SUBPROTOCOL_PREFIX,
  type Hello,
  type ServerFrame,
} from '../../src/protocol/frames.ts';
import type { Cursor } from '../../src/protocol/cursor.ts';
import { isObject, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import { withDeadline } from '../../src/protocol/timing/timer.ts';

/** The server to check, and the authorization to request its tickets. */
export type ServerUnderTest = {
  /** The endpoints for tickets and for sockets. */
  ticketUrl: string;
  socketUrl: string;
  origin: string;
  /** For the ticket requests, for example `{ authorization: 'Bearer …' }`. */
  headers: Readonly<Record<string, string>>;
  /** Limit for each answer (ms). */
  answerMs: number;
};

/** Why a server does not conform. */
export class ConformanceError extends Error {}

/** `section` is the section of docs/reference/protocol-keeper.1.md that the check covers. */
export type ConformanceCheck = { name: string; section: string; run(tester: Tester): Promise<void> };

export const check = (condition: boolean, message: string): void => {
  if (!condition) throw new ConformanceError(message);
};

export type Closed = { code: number; reason: string };

/** One socket, and every frame that it received. */
export class WireClient {
  readonly ws: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<Closed>;
  readonly #answerMs: number;
  #bad: string | undefined;
  #changed: (() => void)[] = [];

  constructor(target: ServerUnderTest, ticket: string, origin = target.origin) {
    const carried = TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url');
    this.#answerMs = target.answerMs;
    this.ws = new WebSocket(target.socketUrl, [SUBPROTOCOL, carried], { origin });
    this.ws.on('message', (data: Buffer) => this.#receive(data.toString()));
    this.closed = new Promise((resolve) => {
      this.ws.on('error', () => undefined);
      this.ws.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#wake();
      });
    });
  }

  /** Sends raw data, also when it is no valid frame. */
  sendRaw(data: string | Buffer): void {
    this.ws.send(data);
  }

  send(frame: readonly unknown[]): void {
    this.sendRaw(JSON.stringify(frame));
  }

  /** Resolves with the first result of `pick` that is not `undefined`, over frames received before and after the call. */
  async until<T>(what: string, pick: (frame: ServerFrame) => T | undefined, withinMs = this.#answerMs): Promise<T> {
    const deadline = performance.now() + withinMs;
    for (let index = 0; ;) {
      for (const frame of this.frames.slice(index)) {
        index += 1;
        const found = pick(frame);
        if (found !== undefined) return found;
      }
      if (this.#bad !== undefined) throw new ConformanceError(`not a frame of ${SUBPROTOCOL}: ${this.#bad}`);
      if (this.ws.readyState >= WebSocket.CLOSING) throw new ConformanceError(`closed instead of ${what}`);
      if (!(await this.#more(deadline - performance.now())))
        throw new ConformanceError(`${what} did not come within ${withinMs} ms`);
    }
  }

  async closesWith(codes: readonly number[], withinMs = this.#answerMs): Promise<Closed> {
    const outcome = await withDeadline(this.closed, withinMs, undefined);
    if (!outcome) throw new ConformanceError(`not closed within ${withinMs} ms`);
    check(codes.includes(outcome.code), `closed with ${outcome.code}, not ${codes.join(' or ')}`);
    return outcome;
  }

  hello(): Promise<Hello> {
    return this.until('hello', (frame) => (frame[0] === 'hello' ? frame[1] : undefined));
  }

  async subscribe(topic: string, cursor: Cursor | null, request = 1): Promise<{ at: Cursor; resumed: boolean }> {
    this.send(['sub', request, topic, cursor]);
    return this.until(`ok of ${topic}`, (frame) =>
      frame[0] === 'ok' && frame[1] === request ? { at: frame[3], resumed: frame[4] } : undefined,
    );
  }

  /** Resolves with the offset. */
  async publish(topic: string, data: unknown, id = randomUUID()): Promise<number> {
    const before = this.frames.length;
    this.send(['pub', id, topic, data]);
    return this.until('ack', (frame) =>
      frame[0] === 'ack' && frame[1] === id && this.frames.indexOf(frame) >= before ? frame[2] : undefined,
    );
  }

  events(topic: string): { offset: number; data: unknown }[] {
    return this.frames.flatMap((frame) =>
      frame[0] === 'ev' && frame[1] === topic ? [{ offset: frame[3], data: frame[4] }] : [],
    );
  }

  #receive(text: string): void {
    const frame = parseServerFrame(text);
    if (frame === undefined) this.#bad = text.slice(0, 200);
    else if (frame !== 'unknown') this.frames.push(frame);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }

  async #more(withinMs: number): Promise<boolean> {
    const more = new Promise<true>((resolve) => this.#changed.push(() => resolve(true)));
    return withDeadline(more, withinMs, false);
  }
}

/** Gives checks fresh tickets, sockets that `end()` closes, and unique names. */
export class Tester {
  readonly target: ServerUnderTest;
  readonly #wires: WireClient[] = [];

  constructor(target: ServerUnderTest) {
    this.target = target;
  }

  async ticket(): Promise<string> {
    const response = await this.requestTicket(this.target.headers);
    const body = parseJson(await response.text());
    const ticket = isObject(body) ? stringAt(body, 'ticket') : undefined;
    if (ticket === undefined) throw new ConformanceError(`no ticket: the answer was ${response.status}`);
    return ticket;
  }

  requestTicket(headers: Readonly<Record<string, string>>): Promise<Response> {
    return fetch(this.target.ticketUrl, { method: 'POST', headers, signal: AbortSignal.timeout(this.target.answerMs) });
  }

  /** Opens a socket, and sends no greeting. */
  async dial(ticket?: string, origin?: string): Promise<WireClient> {
    const wire = new WireClient(this.target, ticket ?? (await this.ticket()), origin);
    this.#wires.push(wire);
    const opened = new Promise<'open'>((resolve) => wire.ws.once('open', () => resolve('open')));
    await withDeadline(Promise.race([opened, wire.closed]), this.target.answerMs, undefined);
    return wire;
  }

  /** Opens a socket, greets, and waits for `hello`. */
  async greet(host = this.name(), fence = 1): Promise<WireClient> {
    const wire = await this.dial();
    wire.send(['hi', { host, epoch: fence }]);
    await wire.hello();
    return wire;
  }

  name(): string {
    return `conformance-${randomUUID()}`;
  }

  end(): void {
    for (const { ws } of this.#wires) ws.terminate();
  }
}
