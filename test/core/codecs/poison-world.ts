import type { CodecEvent, CodecKind, CodecOutput } from '../../../src/core/codecs/codec.ts';
import { isObject, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';

/*
 * Two tabs, a codec, and a server that closes the connection on chosen messages: those with `poison:` and a close code.
 * Each side gets what the other sent one step later. A lost connection is opened again after some steps.
 */

const STEP_MS = 10;
const REDIAL_STEPS = 5;
/** Longer than every wait of the codecs. */
const LAST_STEPS = 4_000;

/** `mode`: the server answers at once, never, or closes with this code. */
export type Message = { tab: 'a' | 'b'; mode: 'answered' | 'quiet' | number };
export type Op = { op: 'say'; message: Message } | { op: 'wait'; steps: number };

type PortFrame = (CodecOutput & { type: 'toTab' })['frame'];
export type Fate = 'pending' | 'answered' | 'refused';

/** How a protocol looks from both ends. */
export type Protocol = {
  kind: CodecKind;
  /** What opens a tab. */
  open(tab: string): readonly CodecEvent[];
  /** What a tab dispatches to say something. `text` identifies the message, and may be `poison:` and a code. */
  say(tab: string, n: number, text: string): CodecEvent;
  /** The server's frames after it has accepted a connection. */
  greeting: readonly string[];
  /** The server's answer to a frame that is no poison. `quiet`: it does not answer a message. */
  answer(frame: string, quiet: boolean): readonly string[];
  /** What a frame means to the sender of message `n`. */
  fate(frame: PortFrame, n: number): Fate | undefined;
  /** Whether the codec gets answers. Others send each message once. */
  answers: boolean;
};

type Said = Message & { n: number; fate: Fate; event: CodecEvent };

export class PoisonWorld {
  readonly #protocol: Protocol;
  readonly #codec;
  readonly said: Said[] = [];
  readonly closedTabs = new Set<string>();
  closes = 0;
  #now = 1_000;
  #link: { state: 'up' } | { state: 'down'; steps: number } = { state: 'down', steps: 0 };
  #toServer: string[] = [];
  #toClient: string[] = [];
  #wakesAt: number[] = [];

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.#codec = protocol.kind.create({ host: 'h', epoch: 1 });
    for (const tab of ['a', 'b']) for (const event of protocol.open(tab)) this.#dispatch(event);
    this.#advance(20);
  }

  run(ops: readonly Op[]): void {
    for (const op of ops) {
      if (op.op === 'wait') this.#advance(op.steps);
      else this.#say(op.message);
    }
    this.#advance(LAST_STEPS);
  }

  get isUp(): boolean {
    return this.#link.state === 'up';
  }

  #say(message: Message): void {
    if (this.closedTabs.has(message.tab)) return;
    const n = this.said.length + 1;
    const text = typeof message.mode === 'number' ? `poison:${message.mode}` : message.mode;
    const event = this.#protocol.say(message.tab, n, text);
    this.said.push({ ...message, n, fate: 'pending', event });
    this.#dispatch(event);
  }

  #advance(steps: number): void {
    for (let step = 0; step < steps; step += 1) this.#step();
  }

  #step(): void {
    this.#now += STEP_MS;
    const due = this.#wakesAt.filter((at) => at <= this.#now);
    this.#wakesAt = this.#wakesAt.filter((at) => at > this.#now);
    for (const _ of due) this.#dispatch({ type: 'wake' });
    if (this.#link.state === 'down') {
      this.#link.steps -= 1;
      if (this.#link.steps <= 0) this.#open();
      return;
    }
    const [inbox, outbox] = [this.#toClient, this.#toServer];
    this.#toClient = [];
    this.#toServer = [];
    for (const data of inbox) this.#dispatch({ type: 'frame', data });
    for (const frame of outbox) {
      const code = /poison:(\d+)/.exec(frame)?.[1];
      if (code !== undefined) return this.#close(Number(code));
      this.#toClient.push(...this.#protocol.answer(frame, frame.includes('quiet')));
    }
  }

  #open(): void {
    this.#link = { state: 'up' };
    this.#dispatch({ type: 'opened' });
    this.#toClient.push(...this.#protocol.greeting);
  }

  #close(code: number): void {
    this.closes += 1;
    this.#toServer = [];
    this.#toClient = [];
    this.#link = { state: 'down', steps: REDIAL_STEPS };
    this.#dispatch({ type: 'closed', code });
  }

  #dispatch(event: CodecEvent): void {
    for (const output of this.#codec.dispatch(event, this.#now)) {
      if (output.type === 'send') this.#toServer.push(String(output.data));
      if (output.type === 'wake') this.#wakesAt.push(output.at);
      if (output.type === 'toTab') this.#receive(output.tab, output.frame);
      if (output.type === 'greeted') this.#flushOutbox();
    }
  }

  #flushOutbox(): void {
    for (const { fate, event } of this.said) if (fate === 'pending' && event.type === 'publish') this.#dispatch(event);
  }

  #receive(tab: string | undefined, frame: PortFrame): void {
    for (const each of this.said) {
      if (tab !== undefined && tab !== each.tab) continue;
      if (each.fate === 'pending') each.fate = this.#protocol.fate(frame, each.n) ?? each.fate;
    }
    if (frame.type !== 'socket-closed' || tab === undefined) return;
    this.closedTabs.add(tab);
    for (const each of this.said) if (each.tab === tab && each.fate === 'pending') each.fate = 'refused';
  }
}

const openSocket = (tab: string): CodecEvent => ({
  type: 'socket-open',
  tab,
  socket: 's',
  protocols: [],
  again: null,
});
export const fromTab = (tab: string, data: string): CodecEvent => ({ type: 'socket-send', tab, socket: 's', data });
const idOf = (frame: PortFrame): string | undefined => {
  const message = frame.type === 'socket-message' ? parseJson(String(frame.data)) : undefined;
  return isObject(message) ? `${stringAt(message, 'type')} ${stringAt(message, 'id')}` : undefined;
};

/** The servers' sides of the codecs. */
export const keeperServer = {
  open: (tab: string): readonly CodecEvent[] => [{ type: 'join', tab, topic: `room ${tab}`, cursor: null }],
  say: (_tab: string, n: number, text: string): CodecEvent => ({
    type: 'publish',
    item: { id: `p${n}`, topic: 'room', json: JSON.stringify(text), owner: '' },
  }),
  greeting: [],
  answer: (frame: string, quiet: boolean): readonly string[] => {
    const [kind, first, second] = parseJson(frame) as unknown[];
    if (kind === 'hi') {
      const bounds = { heartbeatMs: 1, windowMs: 1, maxBytes: 9_999, expiresAt: 9, now: 1 };
      return [JSON.stringify(['hello', { session: 's', resumed: false, ...bounds }])];
    }
    if (kind === 'sub') return [JSON.stringify(['ok', first, second, { epoch: 'e', offset: 1 }, true])];
    return kind === 'pub' && !quiet ? [JSON.stringify(['ack', first, 1])] : [];
  },
  fate: (frame: PortFrame, n: number): Fate | undefined => {
    if (frame.type === 'acked' && frame.id === `p${n}`) return 'answered';
    return frame.type === 'refused' && frame.id === `p${n}` ? 'refused' : undefined;
  },
  answers: true,
};

/** The same server for topics: one on which it closes is refused. */
export const topicServer = {
  ...keeperServer,
  say: (tab: string, n: number, text: string): CodecEvent => ({
    type: 'join',
    tab,
    topic: `${n} ${text}`,
    cursor: null,
  }),
  answer: (frame: string): readonly string[] => keeperServer.answer(frame, false),
  fate: (frame: PortFrame, n: number): Fate | undefined => {
    if (frame.type === 'joined' && frame.topic.startsWith(`${n} `)) return 'answered';
    return frame.type === 'topic-refused' && frame.topic.startsWith(`${n} `) ? 'refused' : undefined;
  },
};

export const graphqlServer = {
  open: (tab: string): readonly CodecEvent[] => [openSocket(tab), fromTab(tab, '{"type":"connection_init"}')],
  say: (tab: string, n: number, text: string): CodecEvent =>
    fromTab(tab, JSON.stringify({ id: `${n}`, type: 'subscribe', payload: { query: `{ ${text} }` } })),
  greeting: [],
  answer: (frame: string, quiet: boolean): readonly string[] => {
    const message = parseJson(frame);
    if (!isObject(message)) return [];
    const [type, id] = [stringAt(message, 'type'), stringAt(message, 'id')];
    if (type === 'connection_init') return ['{"type":"connection_ack"}'];
    if (type === 'ping') return ['{"type":"pong"}'];
    return type === 'subscribe' && !quiet ? [JSON.stringify({ id, type: 'complete' })] : [];
  },
  fate: (frame: PortFrame, n: number): Fate | undefined => {
    if (idOf(frame) === `complete ${n}`) return 'answered';
    return idOf(frame) === `error ${n}` ? 'refused' : undefined;
  },
  answers: true,
};

export const socketIoServer = {
  open: (tab: string): readonly CodecEvent[] => [openSocket(tab), fromTab(tab, '40')],
  say: (tab: string, n: number, text: string): CodecEvent => fromTab(tab, `42${n}["${text}"]`),
  greeting: ['0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'],
  answer: (frame: string, quiet: boolean): readonly string[] => {
    if (frame.startsWith('40')) return ['40{"sid":"s","pid":"p"}'];
    const id = /^42(\d+)/.exec(frame)?.[1];
    return id !== undefined && !quiet ? [`43${id}[]`] : [];
  },
  fate: (frame: PortFrame, n: number): Fate | undefined =>
    frame.type === 'socket-message' && frame.data === `43${n}[]` ? 'answered' : undefined,
  answers: true,
};

export const plainServer = {
  open: (tab: string): readonly CodecEvent[] => [openSocket(tab)],
  say: (tab: string, _n: number, text: string): CodecEvent => fromTab(tab, text),
  greeting: [],
  answer: (): readonly string[] => [],
  fate: (): Fate | undefined => undefined,
  answers: false,
};

const phoenixFate = (frame: PortFrame, of: string): Fate | undefined => {
  const message = frame.type === 'socket-message' ? parseJson(String(frame.data)) : undefined;
  const [, ref, , event, payload]: readonly unknown[] = Array.isArray(message) ? (message as unknown[]) : [];
  if (ref !== of || event !== 'phx_reply' || !isObject(payload)) return undefined;
  return stringAt(payload, 'status') === 'ok' ? 'answered' : 'refused';
};

/** A join of a topic: the codec sends it again on each connection. */
export const phoenixJoinServer = {
  open: (tab: string): readonly CodecEvent[] => [openSocket(tab)],
  say: (tab: string, n: number, text: string): CodecEvent =>
    fromTab(tab, JSON.stringify([`${n}`, `${n}`, `${n} ${text}`, 'phx_join', {}])),
  greeting: [],
  answer: (frame: string, quiet: boolean): readonly string[] => {
    const [joinRef, ref, topic] = parseJson(frame) as unknown[];
    return quiet ? [] : [JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'ok', response: {} }])];
  },
  fate: (frame: PortFrame, n: number): Fate | undefined => phoenixFate(frame, `${n}`),
  answers: true,
};

/** A push to a topic: the codec sends it once. */
export const phoenixPushServer = {
  ...phoenixJoinServer,
  open: (tab: string): readonly CodecEvent[] => [openSocket(tab), fromTab(tab, '["1","1","room","phx_join",{}]')],
  say: (tab: string, n: number, text: string): CodecEvent =>
    fromTab(tab, JSON.stringify(['1', `p${n}`, 'room', 'say', text])),
  fate: (frame: PortFrame, n: number): Fate | undefined => phoenixFate(frame, `p${n}`),
  answers: false,
};

const centrifugeFate = (frame: PortFrame, n: number): Fate | undefined => {
  const message = frame.type === 'socket-message' ? parseJson(String(frame.data)) : undefined;
  if (!isObject(message) || message['id'] !== n + 1) return undefined;
  return 'error' in message ? 'refused' : 'answered';
};

/** A subscription: the codec sends it again on each connection. */
export const centrifugeSubscribeServer = {
  open: (tab: string): readonly CodecEvent[] => [openSocket(tab), fromTab(tab, '{"id":1,"connect":{}}')],
  say: (tab: string, n: number, text: string): CodecEvent =>
    fromTab(tab, JSON.stringify({ id: n + 1, subscribe: { channel: `${n} ${text}` } })),
  greeting: [],
  answer: (frame: string, quiet: boolean): readonly string[] => {
    const command = parseJson(frame);
    return quiet || !isObject(command) || !command['id'] ? [] : [JSON.stringify({ ...command, data: {} })];
  },
  fate: centrifugeFate,
  answers: true,
};

/** A publication: the codec sends it once. */
export const centrifugePublishServer = {
  ...centrifugeSubscribeServer,
  say: (tab: string, n: number, text: string): CodecEvent =>
    fromTab(tab, JSON.stringify({ id: n + 1, publish: { channel: 'room', data: text } })),
  answers: false,
};
