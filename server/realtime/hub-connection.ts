import type { RawData, WebSocket } from 'ws';
import {
  CLOSE_CODE,
  parseClientFrame,
  type ClientFrame,
  type ProfileIdentity,
  type ServerFrame,
} from '../../src/protocol/frames.ts';
import { MAX_STATE_LENGTH, type Cursor } from '../../src/protocol/cursor.ts';
import { MAX_NAME } from '../../src/protocol/bridge/calls.ts';
import { closeFor, retryAfterReason, TOO_MANY_PAUSE_MS } from './connections-by-owner.ts';
import { FreezableSocket, textOf, type FreezableConnection } from './freezable-socket.ts';
import type { PresenceSocket, PresenceTracker } from './presence-tracker.ts';
import type { Principal } from '../http/principal.ts';
import { randomId } from '../base/crypto.ts';
import { isShallow, isTopic, MAX_TOPIC_LENGTH, resumeFrom, type PublishedEvent, type Topics } from './topics.ts';

/** `new`: an unknown browser profile. `superseded`: a worker of the profile with a higher fence has connected. */
export type FenceResult = 'known' | 'new' | 'superseded';

/** The part of the hub that a connection uses. */
export type ConnectionHub = {
  topics: Topics;
  presence: PresenceTracker;
  now(): number;
  heartbeatMs: number;
  windowMs(): number;
  redeem(ticket: string): Promise<Principal | undefined>;
  /** Checks the worker's fence, and closes the connections of older workers of the same browser profile. */
  checkFence(connection: HubConnection, host: ProfileIdentity): Promise<FenceResult>;
  closed(connection: HubConnection): void;
};

/** How much later than the heartbeat a message may arrive before the connection counts as dead. */
const HEARTBEAT_SLACK_MS = 3_000;
export const MAX_FRAME_BYTES = 65_536;
const MAX_SUBSCRIPTIONS = 4_096;
const GREET_WITHIN_MS = 5_000;
const READ_BATCH = 200;
/** Above this, events wait on disk, so that a response does not wait behind more buffered events than this. */
const CONGESTED_BYTES = 65_536;
/** Above this, the server closes the connection of a client that does not read its responses. */
const MAX_BUFFERED_BYTES = 1_048_576;
const BOUNDS = { maxBytes: MAX_FRAME_BYTES, maxTopics: MAX_SUBSCRIPTIONS, maxTopicLength: MAX_TOPIC_LENGTH };
/** Frames that a connection handles at the same time. Above this, it stops reading the socket. */
const MAX_PENDING_FRAMES = 64;

/** `next`: the offset to send next. `head`: the newest known offset. `catchingUp`: sends events from disk. */
type Subscription = { next: number; head: number; catchingUp: boolean };
type Phase =
  | { state: 'greeting' }
  | { state: 'joining'; host: ProfileIdentity }
  | { state: 'open'; host: ProfileIdentity }
  | { state: 'closed' };

/** One connection of the protocol `keeper.1`: see src/protocol/frames.ts. */
export class HubConnection implements FreezableConnection {
  readonly session = randomId(12);
  principal: Principal;
  readonly #hub: ConnectionHub;
  readonly #socket: FreezableSocket;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #helloTimer: NodeJS.Timeout;
  #presenceSocket: PresenceSocket | undefined;
  #phase: Phase = { state: 'greeting' };
  #joined: Promise<void> | undefined;
  #pendingFrames = 0;
  #receivedAt: number;
  #sentAt: number;

  constructor(ws: WebSocket, principal: Principal, hub: ConnectionHub) {
    this.principal = principal;
    this.#hub = hub;
    this.#socket = new FreezableSocket(ws, () => this.#onFlushed());
    this.#receivedAt = this.#sentAt = performance.now();
    this.#helloTimer = setTimeout(() => this.close(CLOSE_CODE.badFrame, 'no greeting'), GREET_WITHIN_MS);
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

  /** The hub calls this several times per heartbeat. */
  tick(): void {
    if (this.#socket.isFrozen) return;
    const now = performance.now();
    if (this.#hub.now() >= this.principal.expiresAt) return this.close(CLOSE_CODE.unauthorized, 'authorization ended');
    if (now - this.#receivedAt > this.#hub.heartbeatMs + HEARTBEAT_SLACK_MS) return this.drop();
    if (this.#phase.state === 'open' && now - this.#sentAt >= this.#hub.heartbeatMs / 2)
      this.send(['p', this.#hub.now()]);
  }

  deliver(event: PublishedEvent): void {
    const subscription = this.#subscriptions.get(event.topic);
    if (!subscription || event.offset < subscription.next) return;
    subscription.head = Math.max(subscription.head, event.offset);
    if (subscription.catchingUp) return;
    if (event.offset === subscription.next && !this.#isCongested) {
      subscription.next += 1;
      return this.send(['ev', event.topic, event.epoch, event.offset, event.data]);
    }
    this.#startCatchUp(event.topic, subscription);
  }

  get #isCongested(): boolean {
    return this.#socket.isFrozen || this.#socket.ws.bufferedAmount > CONGESTED_BYTES;
  }

  #onFlushed(): void {
    if (this.#isCongested) return;
    for (const [topic, subscription] of this.#subscriptions) {
      if (!subscription.catchingUp && subscription.next <= subscription.head) this.#startCatchUp(topic, subscription);
    }
  }

  #onClosed(code: number): void {
    clearTimeout(this.#helloTimer);
    // A worker that disconnects on purpose closes with 1000. When a worker dies, the browser closes with 1001.
    for (const topic of this.#subscriptions.keys())
      this.#leave(topic, code === CLOSE_CODE.normal ? 'now' : 'after the grace');
    this.#phase = { state: 'closed' };
    this.#subscriptions.clear();
    this.#hub.closed(this);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#receivedAt = performance.now();
    // A client that does not answer the close frame may still send; ignore it.
    if (!this.#socket.isOpen) return;
    const frame = isBinary ? undefined : parseClientFrame(textOf(data));
    if (!frame) return this.close(CLOSE_CODE.badFrame, 'bad frame');
    if (frame === 'unknown') return;
    this.#pendingFrames += 1;
    if (this.#pendingFrames > MAX_PENDING_FRAMES) this.#socket.ws.pause();
    void this.#handle(frame)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#pendingFrames -= 1;
        if (this.#pendingFrames <= MAX_PENDING_FRAMES && !this.#socket.isFrozen) this.#socket.ws.resume();
      });
  }

  async #handle(frame: ClientFrame): Promise<void> {
    if (frame[0] === 'hi') return (this.#joined = this.#onHi(frame[1]));
    // A client may send frames before `hello` arrives. They wait here until the handshake ends.
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
    clearTimeout(this.#helloTimer);
    const result = await this.#hub.checkFence(this, host);
    if (!this.#socket.isOpen) return;
    if (result === 'superseded') return this.close(CLOSE_CODE.superseded, 'a newer worker is connected');
    this.#phase = { state: 'open', host };
    this.#presenceSocket = { owner: this.principal.owner, host: host.host, send: (frame) => this.send(frame) };
    this.send([
      'hello',
      {
        session: this.session,
        resumed: result === 'known',
        heartbeatMs: this.#hub.heartbeatMs,
        windowMs: this.#hub.windowMs(),
        ...BOUNDS,
        expiresAt: this.principal.expiresAt,
        now: this.#hub.now(),
      },
    ]);
  }

  async #onSub(requestId: number, topic: string, cursor: Cursor | null): Promise<void> {
    const { topics } = this.#hub;
    if (!isTopic(topic)) return this.close(CLOSE_CODE.badFrame, 'bad topic');
    if (!this.#subscriptions.has(topic) && this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
      return this.close(CLOSE_CODE.slowDown, retryAfterReason(TOO_MANY_PAUSE_MS));
    // Registers before it reads the head, so that no event is lost in between. `catchingUp` holds events back.
    const subscription: Subscription = { next: 1, head: 0, catchingUp: true };
    this.#subscriptions.set(topic, subscription);
    if (this.#presenceSocket) this.#hub.presence.enter(this.#presenceSocket, topic);
    const head = await topics.head(this.principal.owner, topic);
    const start = resumeFrom(topics.epoch, head, cursor);
    subscription.next = start.cursor.offset + 1;
    subscription.head = Math.max(subscription.head, head.offset);
    if (start.gap) this.send(['gap', topic, topics.epoch, start.gap.from, start.gap.to]);
    this.send(['ok', requestId, topic, start.cursor, start.resumed]);
    subscription.catchingUp = false;
    await this.#catchUp(topic, subscription);
  }

  #onWho(topic: string, state: unknown): void {
    if (!isShallow(state) || (JSON.stringify(state) ?? '').length > MAX_STATE_LENGTH)
      return this.close(CLOSE_CODE.badFrame, 'state too long');
    if (this.#presenceSocket) this.#hub.presence.watch(this.#presenceSocket, topic, state);
  }

  #leave(topic: string, when: 'now' | 'after the grace'): void {
    if (this.#presenceSocket) this.#hub.presence.leave(this.#presenceSocket, topic, when);
  }

  async #onPub(id: string, topic: string, data: unknown): Promise<void> {
    if (id === '' || id.length > MAX_NAME || !isTopic(topic) || !isShallow(data))
      return this.send(['nak', id.slice(0, MAX_NAME), 'bad-message']);
    const offset = await this.#hub.topics.append(this.principal.owner, topic, data ?? null, id);
    this.send(offset === undefined ? ['nak', id, 'over-limit'] : ['ack', id, offset]);
  }

  async #onAuth(ticket: string): Promise<void> {
    const principal = await this.#hub.redeem(ticket);
    if (!principal) return this.close(CLOSE_CODE.unauthorized, 'bad ticket');
    if (principal.owner !== this.principal.owner) return this.close(CLOSE_CODE.forbidden, 'another user');
    this.principal = principal;
    this.send(['authok', principal.expiresAt]);
  }

  #fail(error: unknown): void {
    const { code, reason } = closeFor(error);
    this.close(code, reason);
  }

  #startCatchUp(topic: string, subscription: Subscription): void {
    this.#catchUp(topic, subscription).catch((error: unknown) => this.#fail(error));
  }

  /** Sends events from disk until the subscription has the newest one, or the socket is congested. */
  async #catchUp(topic: string, subscription: Subscription): Promise<void> {
    const { topics } = this.#hub;
    subscription.catchingUp = true;
    try {
      while (
        subscription.next <= subscription.head &&
        !this.#isCongested &&
        this.#subscriptions.get(topic) === subscription
      ) {
        const events = await topics.read(this.principal.owner, topic, subscription.next - 1, READ_BATCH);
        // During the read, the client may have subscribed again from another offset.
        if (events.length === 0 || this.#subscriptions.get(topic) !== subscription) break;
        for (const event of events) {
          if (this.#isCongested) break;
          this.#sendStored(topic, subscription, event);
        }
      }
    } finally {
      subscription.catchingUp = false;
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
