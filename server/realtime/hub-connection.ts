import type { RawData, WebSocket } from 'ws';
import {
  CLOSE_CODE,
  MAX_STATE_LENGTH,
  MAX_SUBSCRIPTIONS,
  parseClientFrame,
  type ClientFrame,
  type Cursor,
  type ProfileIdentity,
  type ServerFrame,
} from '../../src/protocol/frames.ts';
import { MAX_NAME } from '../../src/protocol/bridge.ts';
import { FreezableSocket, textOf, type FreezableConnection } from './freezable-socket.ts';
import type { PresenceSocket, Presence } from './presence.ts';
import type { Principal } from '../http/principal.ts';
import { randomId } from '../base/crypto.ts';
import { isTopic, resumeFrom, type TopicEvent, type Topics } from './topics.ts';

/** What a connection asks of the hub. */
export type ConnectionHub = {
  topics: Topics;
  presence: Presence;
  now(): number;
  heartbeatMs: number;
  windowMs(): number;
  redeem(ticket: string): Promise<Principal | undefined>;
  /** Fences older workers of the same browser off. */
  admit(connection: HubConnection, host: ProfileIdentity): Promise<'known' | 'new' | 'superseded'>;
  closed(connection: HubConnection): void;
};

/** A link may be this much late before it counts as dead. */
const HEARTBEAT_SLACK_MS = 3_000;
export const MAX_FRAME_BYTES = 65_536;
const GREET_WITHIN_MS = 5_000;
const READ_BATCH = 200;
/** Above this, events wait on disk instead of in memory: no answer waits behind more of them than this. */
const CONGESTED_BYTES = 65_536;
/** A client that asks and does not read the answers is cut off at this. */
const MAX_BUFFERED_BYTES = 1_048_576;
/** What is nested deeper would take the stack of whoever writes it down; an honest message does not come near. */
const MAX_DEPTH = 128;
/** More frames than this at work, and the socket is read no further. */
const MAX_AT_WORK = 64;

/** `next` is the offset to send next, `head` the newest one known. */
type Subscription = { next: number; head: number; pumping: boolean };
type Phase =
  | { state: 'greeting' }
  | { state: 'joining'; host: ProfileIdentity }
  | { state: 'open'; host: ProfileIdentity }
  | { state: 'closed' };

const isShallow = (data: unknown, levels = MAX_DEPTH): boolean =>
  typeof data !== 'object' ||
  data === null ||
  (levels > 0 && Object.values(data).every((part) => isShallow(part, levels - 1)));

/** One socket of `keeper.1` (see src/protocol/frames.ts for the wire). */
export class HubConnection implements FreezableConnection {
  readonly session = randomId(12);
  principal: Principal;
  readonly #hub: ConnectionHub;
  readonly #socket: FreezableSocket;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #greeting: NodeJS.Timeout;
  #attendant: PresenceSocket | undefined;
  #phase: Phase = { state: 'greeting' };
  #joined: Promise<void> | undefined;
  #atWork = 0;
  #heardAt: number;
  #sentAt: number;

  constructor(ws: WebSocket, principal: Principal, hub: ConnectionHub) {
    this.principal = principal;
    this.#hub = hub;
    this.#socket = new FreezableSocket(ws, () => this.#onFlushed());
    this.#heardAt = this.#sentAt = performance.now();
    this.#greeting = setTimeout(() => this.close(CLOSE_CODE.badFrame, 'no greeting'), GREET_WITHIN_MS);
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('close', (code) => this.#onClosed(code));
  }

  get closed(): Promise<void> {
    return this.#socket.closed;
  }

  get host(): ProfileIdentity | undefined {
    return 'host' in this.#phase ? this.#phase.host : undefined;
  }

  send(frame: ServerFrame): void {
    this.#sentAt = performance.now();
    if (this.#socket.ws.bufferedAmount > MAX_BUFFERED_BYTES) return this.drop();
    this.#socket.send(JSON.stringify(frame), () => this.#onFlushed());
  }

  close(code: number, reason = ''): void {
    this.#socket.ws.close(code, reason);
  }

  drop(code?: number): void {
    this.#socket.drop(code);
  }

  freeze(ms: number): void {
    this.#socket.freeze(ms);
  }

  /** Called several times within a heartbeat. */
  tick(): void {
    if (this.#socket.isFrozen) return;
    const at = performance.now();
    if (this.#hub.now() >= this.principal.expiresAt) return this.close(CLOSE_CODE.unauthorized, 'authorization ended');
    if (at - this.#heardAt > this.#hub.heartbeatMs + HEARTBEAT_SLACK_MS) return this.drop();
    if (this.#phase.state === 'open' && at - this.#sentAt >= this.#hub.heartbeatMs / 2)
      this.send(['p', this.#hub.now()]);
  }

  deliver(event: TopicEvent): void {
    const subscription = this.#subscriptions.get(event.topic);
    if (!subscription || event.offset < subscription.next) return;
    subscription.head = Math.max(subscription.head, event.offset);
    if (subscription.pumping) return;
    if (event.offset === subscription.next && !this.#isCongested) {
      subscription.next += 1;
      return this.send(['ev', event.topic, event.epoch, event.offset, event.data]);
    }
    void this.#pump(event.topic, subscription);
  }

  get #isCongested(): boolean {
    return this.#socket.isFrozen || this.#socket.ws.bufferedAmount > CONGESTED_BYTES;
  }

  #onFlushed(): void {
    if (this.#isCongested) return;
    for (const [topic, subscription] of this.#subscriptions) {
      if (!subscription.pumping && subscription.next <= subscription.head) void this.#pump(topic, subscription);
    }
  }

  #onClosed(code: number): void {
    clearTimeout(this.#greeting);
    // Only a host that parks says goodbye like this; a dying worker's browser says 1001 for it.
    for (const topic of this.#subscriptions.keys())
      this.#leave(topic, code === CLOSE_CODE.normal ? 'now' : 'after the grace');
    this.#phase = { state: 'closed' };
    this.#subscriptions.clear();
    this.#hub.closed(this);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#heardAt = performance.now();
    // Whoever is being sent away, and does not go, has said all.
    if (!this.#socket.isOpen) return;
    const frame = isBinary ? undefined : parseClientFrame(textOf(data));
    if (!frame) return this.close(CLOSE_CODE.badFrame, 'bad frame');
    if (frame === 'unknown') return;
    this.#atWork += 1;
    if (this.#atWork > MAX_AT_WORK) this.#socket.ws.pause();
    void this.#handle(frame)
      .catch(() => this.close(CLOSE_CODE.serverError, 'server error'))
      .finally(() => {
        this.#atWork -= 1;
        if (this.#atWork <= MAX_AT_WORK && !this.#socket.isFrozen) this.#socket.ws.resume();
      });
  }

  async #handle(frame: ClientFrame): Promise<void> {
    if (frame[0] === 'hi') return (this.#joined = this.#onHi(frame[1]));
    // A client need not wait for the greeting's answer; what follows it does.
    await this.#joined;
    if (this.#phase.state === 'closed') return;
    if (this.#phase.state !== 'open') return this.close(CLOSE_CODE.badFrame, 'greet first');
    switch (frame[0]) {
      case 'sub':
        return this.#onSub(frame[1], frame[2], frame[3]);
      case 'unsub':
        this.#leave(frame[1], frame[2] === true ? 'after the grace' : 'now');
        this.#subscriptions.delete(frame[1]);
        return undefined;
      case 'who':
        return this.#onWho(frame[1], frame[2]);
      case 'pub':
        return this.#onPub(frame[1], frame[2], frame[3]);
      case 'auth':
        return this.#onAuth(frame[1]);
      case 'p':
        return this.send(['q', frame[1]]);
      case 'q':
        return undefined;
    }
  }

  async #onHi(host: ProfileIdentity): Promise<void> {
    if (this.#phase.state !== 'greeting' || host.host === '' || host.host.length > MAX_NAME)
      return this.close(CLOSE_CODE.badFrame, 'bad greeting');
    this.#phase = { state: 'joining', host };
    clearTimeout(this.#greeting);
    const verdict = await this.#hub.admit(this, host);
    if (!this.#socket.isOpen) return;
    if (verdict === 'superseded') return this.close(CLOSE_CODE.superseded, 'a newer worker is connected');
    this.#phase = { state: 'open', host };
    this.#attendant = { owner: this.principal.owner, host: host.host, send: (frame) => this.send(frame) };
    this.send([
      'hello',
      {
        session: this.session,
        resumed: verdict === 'known',
        heartbeatMs: this.#hub.heartbeatMs,
        windowMs: this.#hub.windowMs(),
        maxBytes: MAX_FRAME_BYTES,
        expiresAt: this.principal.expiresAt,
        now: this.#hub.now(),
      },
    ]);
  }

  async #onSub(requestId: number, topic: string, cursor: Cursor | null): Promise<void> {
    const { topics } = this.#hub;
    const isNew = !this.#subscriptions.has(topic);
    if (!isTopic(topic)) return this.close(CLOSE_CODE.badFrame, 'bad topic');
    if (isNew && this.#subscriptions.size >= MAX_SUBSCRIPTIONS) return this.close(CLOSE_CODE.slowDown, '{"ra":60000}');
    // Registered before the head is read, so that no event can fall between the two; `pumping` holds them back.
    const subscription: Subscription = { next: 1, head: 0, pumping: true };
    this.#subscriptions.set(topic, subscription);
    if (this.#attendant) this.#hub.presence.enter(this.#attendant, topic);
    const head = await topics.head(this.principal.owner, topic);
    const start = resumeFrom(topics.epoch, head, cursor);
    subscription.next = start.cursor.offset + 1;
    subscription.head = Math.max(subscription.head, head.offset);
    if (start.gap) this.send(['gap', topic, topics.epoch, start.gap.from, start.gap.to]);
    this.send(['ok', requestId, topic, start.cursor, start.resumed]);
    subscription.pumping = false;
    await this.#pump(topic, subscription);
  }

  #onWho(topic: string, state: unknown): void {
    if ((JSON.stringify(state) ?? '').length > MAX_STATE_LENGTH)
      return this.close(CLOSE_CODE.badFrame, 'state too long');
    if (this.#attendant) this.#hub.presence.watch(this.#attendant, topic, state);
  }

  #leave(topic: string, when: 'now' | 'after the grace'): void {
    if (this.#attendant) this.#hub.presence.leave(this.#attendant, topic, when);
  }

  async #onPub(id: string, topic: string, data: unknown): Promise<void> {
    if (id === '' || id.length > MAX_NAME || !isTopic(topic) || !isShallow(data))
      return this.send(['nak', id.slice(0, MAX_NAME), 'bad-message']);
    const offset = await this.#hub.topics.append(this.principal.owner, topic, data ?? null, id);
    this.send(['ack', id, offset]);
  }

  async #onAuth(ticket: string): Promise<void> {
    const principal = await this.#hub.redeem(ticket);
    if (!principal) return this.close(CLOSE_CODE.unauthorized, 'bad ticket');
    if (principal.owner !== this.principal.owner) return this.close(CLOSE_CODE.forbidden, 'another user');
    this.principal = principal;
    this.send(['authok', principal.expiresAt]);
  }

  /** Sends from disk until this subscription is level with the newest event, or the socket is full. */
  async #pump(topic: string, subscription: Subscription): Promise<void> {
    const { topics } = this.#hub;
    subscription.pumping = true;
    try {
      while (
        subscription.next <= subscription.head &&
        !this.#isCongested &&
        this.#subscriptions.get(topic) === subscription
      ) {
        const events = await topics.read(this.principal.owner, topic, subscription.next - 1, READ_BATCH);
        // While it was read, the client may have subscribed anew, from elsewhere.
        if (events.length === 0 || this.#subscriptions.get(topic) !== subscription) break;
        for (const event of events) {
          if (this.#isCongested) break;
          this.#sendStored(topic, subscription, event);
        }
      }
    } finally {
      subscription.pumping = false;
    }
  }

  #sendStored(topic: string, subscription: Subscription, event: { offset: number; data: unknown }): void {
    const { epoch } = this.#hub.topics;
    if (event.offset > subscription.next) this.send(['gap', topic, epoch, subscription.next, event.offset - 1]);
    this.send(['ev', topic, epoch, event.offset, event.data]);
    subscription.next = event.offset + 1;
    subscription.head = Math.max(subscription.head, event.offset);
  }
}
