import type { Member } from '../../protocol/bridge/realtime-frames.ts';
import type { Problem, Result } from '../../protocol/problem.ts';

export type { Member };

/**
 * One message of a topic. `offset` starts at 1 and grows by one within `epoch`, so a reader can see that one is missing.
 * `data` is the JSON that was published.
 */
export type Message = { type: 'message'; topic: string; epoch: string; offset: number; data: unknown };

/** The server no longer has the messages `from` to `to` (inclusive; `to` = 0: unknown). Load the state they led to. */
export type Gap = { type: 'gap'; topic: string; from: number; to: number };

/** What a topic delivers, in order. */
export type TopicEvent = Message | Gap;

/**
 * What `channel.events()` yields. `snapshot`: `data` is what `ChannelOptions.snapshot` loaded after a gap.
 * `snapshot-failed`: it rejected with `problem`, and runs again after `retryInMs` milliseconds.
 */
export type ChannelEvent =
  | TopicEvent
  | { type: 'snapshot'; topic: string; data: unknown }
  | { type: 'snapshot-failed'; topic: string; problem: Problem; retryInMs: number };

/** A state from your server. `offset`: the last message that `data` contains, if known; the reader skips it and older ones. */
export type LoadedSnapshot = { data: unknown; offset?: number | undefined };

/** Loads the state after `gap`. `signal` aborts when the reading ends or the user has left. */
export type SnapshotLoader = (gap: Gap, signal: AbortSignal) => Promise<LoadedSnapshot>;

/** Options of `keeper.channel`. */
export type ChannelOptions = {
  /**
   * Loads the state after a gap. `events()` then yields the gap, the state, and the messages that arrived during the load.
   * After a rejection it yields `snapshot-failed` and calls the loader again, after a pause of at most 10 s that grows.
   */
  snapshot?: SnapshotLoader | undefined;
};

/** A device has joined a topic, changed its state, or left. */
export type PresenceEvent = { type: 'joined' | 'updated' | 'left'; member: Member };

/**
 * The devices that listen to a topic. All tabs of a browser profile are one member. A reload, a killed worker and a lost
 * network are neither a leave nor a join. A device that goes without closing leaves after 10 s.
 */
export type Presence = {
  /** The members, this device included. Empty until the server's first list; while it is away, its last list. */
  readonly members: readonly Member[];
  /**
   * Sets the state of this device that the other members see: JSON of at most 1,024 UTF-16 units, `null` at first. Of
   * several tabs, the last update counts. Problems: `bad-message` (not JSON), `over-limit` (too long), `cancelled` (closed).
   *
   * @example
   * const presence = keeper.channel('board').presence();
   * const updated = presence.update({ name: 'Ann', typing: true });
   * if (!updated.ok) console.warn(updated.problem.code);
   */
  update(state: unknown): Result<null>;
  /**
   * Yields the difference since the last one, beginning with `joined` for each member. It ends after `close()`. To stop
   * iterating does not close the presence.
   *
   * @example
   * const presence = keeper.channel('board').presence();
   * for await (const { type, member } of presence) console.log(type, member.id, member.state);
   */
  [Symbol.asyncIterator](): AsyncIterator<PresenceEvent, void>;
  /**
   * Ends this presence. The device leaves the topic at once if nothing else in the profile listens to it.
   *
   * @example keeper.channel('board').presence().close();
   */
  close(): void;
};

/** Publishes to one topic and reads it, over the connection that all tabs share (docs/how-to/use-channels.md). */
export type Channel = {
  /**
   * Yields the messages of the topic from now on: each once and in order, over reloads of the worker and lost connections.
   * It leaves out gaps: `events()` has them. A reader may be 1,000 events behind; more of them become a gap.
   *
   * @example
   * for await (const { data, offset } of keeper.channel('news')) console.log(offset, data);
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined>;
  /**
   * Yields messages and gaps and, with `ChannelOptions.snapshot`, the state after each gap. Rejects for a name that is no
   * topic, and if the server refuses the topic: the error's `cause` is the problem, such as `over-limit`.
   *
   * @example
   * for await (const event of keeper.channel('news').events()) {
   *   if (event.type === 'message') console.log(event.data);
   *   if (event.type === 'gap') console.warn(`lost ${event.from} to ${event.to}`);
   * }
   */
  events(): AsyncIterable<ChannelEvent, undefined>;
  /**
   * Publishes JSON. Resolves with its offset when the server has stored it. Until then the message is in an outbox on the
   * disk (at most 1,000 messages, 1 MB). From there the worker sends it again after a lost connection or a restart.
   *
   * `id`: 1 to 256 UTF-16 units, by default 128 random bits. The server stores the same id once, even if another page
   * publishes it again. It remembers an id for at least a day (docs/reference/protocol-keeper.1.md, §6).
   *
   * Problems:
   * - `signed-out`: no one is signed in
   * - `over-limit`: the outbox is full, or the message or the name is too long. `detail` names the limit, `max` its number
   * - `bad-message`: not JSON, no topic, or the server rejects it
   * - `unsupported`: the worker has no sockets
   * - `store-full` and other `store-` codes: the disk fails
   * - `cancelled`: the keeper of this page was closed
   *
   * @example
   * const sent = await keeper.channel('news').publish({ title: 'Hello' }, { id: 'draft-7' });
   * console.log(sent.ok ? `stored at ${sent.value.offset}` : sent.problem.code);
   */
  publish(data: unknown, options?: { id?: string | undefined }): Promise<Result<{ offset: number }>>;
  /**
   * Shows which devices listen to the topic, and announces this one. It subscribes to the topic if nothing here has yet.
   *
   * @example
   * const presence = keeper.channel('board').presence();
   * for await (const _ of presence) console.log(`${presence.members.length} devices`);
   */
  presence(): Presence;
  /**
   * Ends every iteration and every presence of this channel object. What it has published is still delivered.
   *
   * @example
   * const channel = keeper.channel('news');
   * document.querySelector('#mute')?.addEventListener('click', () => channel.close());
   */
  close(): void;
};
