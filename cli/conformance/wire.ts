import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  parseServerFrame,
  SUBPROTOCOL,
  TICKET_SUBPROTOCOL_PREFIX,
  type Cursor,
  type Hello,
  type ServerFrame,
} from '../../src/protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../src/protocol/json.ts';

/** A server to examine, and the right to ask it for tickets. */
export type Target = {
  /** Where tickets are asked for, and where sockets are opened. */
  ticketUrl: string;
  socketUrl: string;
  origin: string;
  /** Of the ticket requests, say `{ authorization: 'Bearer …' }`. */
  headers: Readonly<Record<string, string>>;
  /** How long an answer may take (ms). */
  answerMs: number;
};

/** Why a server does not conform. */
export class Fault extends Error {}

export const insist = (isSo: boolean, otherwise: string): void => {
  if (!isSo) throw new Fault(otherwise);
};

export type Closed = { code: number; reason: string };

/** One socket, and all that was heard on it. */
export class Wire {
  readonly ws: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<Closed>;
  readonly #answerMs: number;
  #bad: string | undefined;
  #changed: (() => void)[] = [];

  constructor(target: Target, ticket: string, origin = target.origin) {
    const carried = TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url');
    this.#answerMs = target.answerMs;
    this.ws = new WebSocket(target.socketUrl, [SUBPROTOCOL, carried], { origin });
    this.ws.on('message', (data: Buffer) => this.#hear(data.toString()));
    this.closed = new Promise((resolve) => {
      this.ws.on('error', () => undefined);
      this.ws.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#wake();
      });
    });
  }

  /** Says anything, however wrong. */
  say(data: string | Buffer): void {
    this.ws.send(data);
  }

  send(frame: readonly unknown[]): void {
    this.say(JSON.stringify(frame));
  }

  /** The first frame, heard already or yet to come, that `pick` takes. */
  async until<T>(what: string, pick: (frame: ServerFrame) => T | undefined, withinMs = this.#answerMs): Promise<T> {
    const deadline = performance.now() + withinMs;
    for (let index = 0; ;) {
      for (const frame of this.frames.slice(index)) {
        index += 1;
        const found = pick(frame);
        if (found !== undefined) return found;
      }
      if (this.#bad !== undefined) throw new Fault(`not a frame of ${SUBPROTOCOL}: ${this.#bad}`);
      if (this.ws.readyState >= WebSocket.CLOSING) throw new Fault(`closed instead of ${what}`);
      if (!(await this.#more(deadline - performance.now())))
        throw new Fault(`${what} did not come within ${withinMs} ms`);
    }
  }

  async closesWith(codes: readonly number[], withinMs = this.#answerMs): Promise<Closed> {
    const outcome = await Promise.race([this.closed, after(withinMs)]);
    if (!outcome) throw new Fault(`not closed within ${withinMs} ms`);
    insist(codes.includes(outcome.code), `closed with ${outcome.code}, not ${codes.join(' or ')}`);
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

  #hear(text: string): void {
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
    return (await Promise.race([more, after(Math.max(0, withinMs))])) === true;
  }
}

const after = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });

export const pause = after;

/** What checks need: fresh tickets, sockets that are all closed in the end, names that nobody else uses. */
export class Tester {
  readonly target: Target;
  readonly #wires: Wire[] = [];

  constructor(target: Target) {
    this.target = target;
  }

  async ticket(): Promise<string> {
    const response = await this.askForTicket(this.target.headers);
    const body = parseJson(await response.text());
    const ticket = isObject(body) ? stringAt(body, 'ticket') : undefined;
    if (ticket === undefined) throw new Fault(`no ticket: the answer was ${response.status}`);
    return ticket;
  }

  askForTicket(headers: Readonly<Record<string, string>>): Promise<Response> {
    return fetch(this.target.ticketUrl, { method: 'POST', headers, signal: AbortSignal.timeout(this.target.answerMs) });
  }

  /** A socket that has not greeted. */
  async dial(ticket?: string, origin?: string): Promise<Wire> {
    const wire = new Wire(this.target, ticket ?? (await this.ticket()), origin);
    this.#wires.push(wire);
    const opened = new Promise<'open'>((resolve) => wire.ws.once('open', () => resolve('open')));
    await Promise.race([opened, wire.closed, after(this.target.answerMs)]);
    return wire;
  }

  /** A socket whose greeting was answered. */
  async greet(host = this.name(), epoch = 1): Promise<Wire> {
    const wire = await this.dial();
    wire.send(['hi', { host, epoch }]);
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
