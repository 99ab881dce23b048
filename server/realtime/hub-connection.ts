import type { RawData, WebSocket } from 'ws';
import {
  CLOSE_CODE,
  parseClientFrame,
  type ClientFrame,
  type ProfileIdentity,
  type ServerFrame,
} from '../../src/protocol/frames.ts';
import { MAX_STATE_LENGTH, type Cursor } from '../../src/protocol/cursor.ts';
import { MAX_NAME } from '../../src/protocol/bridge/page-names.ts';
import { closeFor, retryAfterReason, TOO_MANY_PAUSE_MS } from './connections-by-owner.ts';
import { FreezableSocket, textOf, type FreezableConnection } from './freezable-socket.ts';
import type { PresenceSocket, PresenceTracker } from './presence-tracker.ts';
import type { Principal } from '../http/principal.ts';
import { randomId } from '../base/crypto.ts';
import { createTopicSubscriptions, type TopicSubscriptions } from './topic-subscriptions.ts';
import { isShallow, isTopic, MAX_TOPIC_LENGTH, type PublishedEvent, type Topics } from './topics.ts';

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
/** Above this, events wait on disk, so that a response does not wait behind more buffered events than this. */
const CONGESTED_BYTES = 65_536;
/** Above this, the server closes the connection of a client that does not read its responses. */
const MAX_BUFFERED_BYTES = 1_048_576;
const BOUNDS = { maxBytes: MAX_FRAME_BYTES, maxTopics: MAX_SUBSCRIPTIONS, maxTopicLength: MAX_TOPIC_LENGTH };
/** Frames that a connection handles at the same time. Above this, it stops reading the socket. */
const MAX_PENDING_FRAMES = 64;

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
  readonly #subscriptions: TopicSubscriptions;
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
    this.#subscriptions = createTopicSubscriptions({
      topics: hub.topics,
      owner: principal.owner,
      send: (frame) => this.send(frame),
      isCongested: () => this.#isCongested,
      onFailed: (error) => this.#fail(error),
    });
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
    this.#subscriptions.deliver(event);
  }

  /** Messages of other instances may be lost: looks for what is new in all topics. */
  lookAgain(): void {
    this.#subscriptions.lookAgain();
  }

  get #isCongested(): boolean {
    return this.#socket.isFrozen || this.#socket.ws.bufferedAmount > CONGESTED_BYTES;
  }

  #onFlushed(): void {
    if (!this.#isCongested) this.#subscriptions.continue();
  }

  #onClosed(code: number): void {
    clearTimeout(this.#helloTimer);
    // A worker that disconnects on purpose closes with 1000. When a worker dies, the browser closes with 1001.
    for (const topic of this.#subscriptions.topics())
      this.#leave(topic, code === CLOSE_CODE.normal ? 'now' : 'after the grace');
    this.#phase = { state: 'closed' };
    this.#subscriptions.close();
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
    if (!isTopic(topic)) return this.close(CLOSE_CODE.badFrame, 'bad topic');
    if (!this.#subscriptions.has(topic) && this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
      return this.close(CLOSE_CODE.slowDown, retryAfterReason(TOO_MANY_PAUSE_MS));
    if (this.#presenceSocket) this.#hub.presence.enter(this.#presenceSocket, topic);
    await this.#subscriptions.add(requestId, topic, cursor);
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
    const appended = await this.#hub.topics.append(this.principal.owner, topic, data ?? null, id);
    this.send(appended === undefined ? ['nak', id, 'over-limit'] : ['ack', id, appended.offset]);
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
}
