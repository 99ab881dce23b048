import type { Cursor } from '../../src/protocol/cursor.ts';
import { startTimer } from '../../src/protocol/timing/timer.ts';
import { StoreUnavailable } from '../base/store.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { resumeFrom, type ResumePoint } from '../storage/lineage.ts';
import type { PublishedEvent, Topics } from './topics.ts';

/** The topics of one connection. Each gets every event once and in order, or the range that it does not get. */
export type TopicSubscriptions = {
  readonly size: number;
  has(topic: string): boolean;
  topics(): Iterable<string>;
  /** Subscribes, or subscribes again from another cursor, and answers the request. */
  add(requestId: number, topic: string, cursor: Cursor | null): Promise<void>;
  delete(topic: string): void;
  deliver(event: PublishedEvent): void;
  /** Messages of other instances may be lost: looks for what is new in all topics. */
  lookAgain(): void;
  /** The client has read what it was sent. */
  continue(): void;
  close(): void;
};

export type SubscriptionPorts = {
  topics: Topics;
  owner: string;
  send(frame: ServerFrame): void;
  /** Whether events must wait on disk. */
  isCongested(): boolean;
  onFailed(error: unknown): void;
};

const READ_BATCH = 200;

/**
 * `next`: the offset of `epoch` to send next. `head`: the newest known offset. `catchingUp`: sends events from disk.
 * `mustLook`: the head may have moved to another epoch, or further than this instance knows.
 */
type Subscription = { epoch: string; next: number; head: number; catchingUp: boolean; mustLook: boolean };

class Subscriptions implements TopicSubscriptions {
  readonly #ports: SubscriptionPorts;
  readonly #byTopic = new Map<string, Subscription>();
  readonly #followed: Promise<() => void>;

  constructor(ports: SubscriptionPorts) {
    this.#ports = ports;
    this.#followed = ports.topics.follow(ports.owner);
    // A subscription awaits it too, and reports the reason.
    this.#followed.catch(() => undefined);
  }

  get size(): number {
    return this.#byTopic.size;
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  topics(): Iterable<string> {
    return this.#byTopic.keys();
  }

  delete(topic: string): void {
    this.#byTopic.delete(topic);
  }

  close(): void {
    this.#byTopic.clear();
    this.#followed.then(
      (stop) => stop(),
      () => undefined,
    );
  }

  async add(requestId: number, topic: string, cursor: Cursor | null): Promise<void> {
    const { topics, owner, send } = this.#ports;
    // Registers before it reads the head, so that no event is lost in between. `catchingUp` holds events back.
    const subscription: Subscription = { epoch: '', next: 1, head: 0, catchingUp: true, mustLook: false };
    this.#byTopic.set(topic, subscription);
    await this.#followed;
    const head = await topics.head(owner, topic);
    if (this.#byTopic.get(topic) !== subscription) return;
    const start = resumeFrom(head, cursor);
    const { epoch } = head;
    Object.assign(subscription, { epoch, next: start.cursor.offset + 1, head: head.offset });
    this.#sendFork(topic, epoch, start);
    if (start.gap) send(['gap', topic, epoch, start.gap.from, start.gap.to]);
    send(['ok', requestId, topic, start.cursor, start.resumed]);
    await this.#catchUp(topic, subscription);
  }

  deliver(event: PublishedEvent): void {
    const subscription = this.#byTopic.get(event.topic);
    if (!subscription) return;
    if (event.epoch !== subscription.epoch) return this.#look(event.topic, subscription);
    if (event.offset < subscription.next) return;
    subscription.head = Math.max(subscription.head, event.offset);
    if (subscription.catchingUp) return;
    if (event.offset === subscription.next && !this.#ports.isCongested()) {
      subscription.next += 1;
      return this.#ports.send(['ev', event.topic, event.epoch, event.offset, event.data]);
    }
    this.#startCatchUp(event.topic, subscription);
  }

  lookAgain(): void {
    for (const [topic, subscription] of this.#byTopic) this.#look(topic, subscription);
  }

  continue(): void {
    for (const [topic, subscription] of this.#byTopic) {
      const isBehind = subscription.mustLook || subscription.next <= subscription.head;
      if (!subscription.catchingUp && isBehind) this.#startCatchUp(topic, subscription);
    }
  }

  #look(topic: string, subscription: Subscription): void {
    subscription.mustLook = true;
    if (!subscription.catchingUp) this.#startCatchUp(topic, subscription);
  }

  #startCatchUp(topic: string, subscription: Subscription): void {
    this.#catchUp(topic, subscription).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) this.#catchUpLater(topic, subscription, error.retryAfterSeconds);
      else this.#ports.onFailed(error);
    });
  }

  /** A store that cannot be read now has lost nothing, so the socket stays. A long outage closes all sockets. */
  #catchUpLater(topic: string, subscription: Subscription, seconds: number): void {
    const start = (): void => {
      if (this.#byTopic.get(topic) === subscription && !subscription.catchingUp)
        this.#startCatchUp(topic, subscription);
    };
    startTimer(start, seconds * 1_000);
  }

  /** Sends events from disk until the subscription has the newest one, or the socket is congested. */
  async #catchUp(topic: string, subscription: Subscription): Promise<void> {
    subscription.catchingUp = true;
    try {
      // Meanwhile the client may have subscribed again from another offset.
      while (this.#byTopic.get(topic) === subscription) {
        if (subscription.mustLook) await this.#moveTo(topic, subscription);
        else if (subscription.next > subscription.head || this.#ports.isCongested()) return;
        else if (!(await this.#sendMore(topic, subscription))) return;
      }
    } finally {
      subscription.catchingUp = false;
    }
  }

  async #sendMore(topic: string, subscription: Subscription): Promise<boolean> {
    const { topics, owner } = this.#ports;
    const events = await topics.read(owner, topic, subscription.next - 1, READ_BATCH);
    if (this.#byTopic.get(topic) !== subscription || subscription.mustLook) return true;
    for (const event of events) {
      if (this.#ports.isCongested()) return false;
      this.#sendStored(topic, subscription, event);
    }
    return events.length > 0;
  }

  /** Continues in the epoch of the head, from the last offset that it shares with that of the subscription. */
  async #moveTo(topic: string, subscription: Subscription): Promise<void> {
    const head = await this.#ports.topics.head(this.#ports.owner, topic);
    subscription.mustLook = false;
    if (this.#byTopic.get(topic) !== subscription) return;
    if (head.epoch === subscription.epoch) {
      // A store that lost its end says so with the next event, which begins an epoch.
      subscription.head = Math.max(subscription.head, head.offset);
      return;
    }
    const start = resumeFrom(head, { epoch: subscription.epoch, offset: subscription.next - 1 });
    this.#sendFork(topic, head.epoch, start);
    Object.assign(subscription, { epoch: head.epoch, next: start.cursor.offset + 1, head: head.offset });
  }

  /** An older client ignores it, and takes the new epoch for a gap. */
  #sendFork(topic: string, epoch: string, { fork }: ResumePoint): void {
    if (fork) this.#ports.send(['fork', topic, fork.epoch, epoch, fork.ended]);
  }

  #sendStored(topic: string, subscription: Subscription, event: { offset: number; data: unknown }): void {
    const { epoch } = subscription;
    const { send } = this.#ports;
    if (event.offset > subscription.next) send(['gap', topic, epoch, subscription.next, event.offset - 1]);
    send(['ev', topic, epoch, event.offset, event.data]);
    subscription.next = event.offset + 1;
    subscription.head = Math.max(subscription.head, event.offset);
  }
}

export const createTopicSubscriptions = (ports: SubscriptionPorts): TopicSubscriptions => new Subscriptions(ports);
