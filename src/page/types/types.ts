import type { JournalEntry, NudgeCause, SignInIntent, SignInNext } from '../../protocol/bridge/calls.ts';
import type { Member } from '../../protocol/bridge/realtime-frames.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

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
   * Yields messages and gaps and, with `ChannelOptions.snapshot`, the state after each gap.
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
   * Problems: `signed-out`; `over-limit` (outbox full, or too big for the server); `bad-message` (not JSON, or the server
   * rejects it); `unsupported` (the worker has no sockets); `store-full` and other `store-` codes; `cancelled` (closed).
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

/** A WebSocket class, as libraries take it in options such as `webSocketImpl`. */
export type SocketClass = {
  new (url: string | URL, protocols?: string | string[]): WebSocket;
  readonly prototype: WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
};

/** A place for a sealed copy of the session, such as a desktop shell's keychain. Each call has 3 s to answer. */
export type NativeStore = {
  save(record: string): Promise<unknown>;
  load(): Promise<unknown>;
  clear(): Promise<unknown>;
};

export type ConnectOptions = {
  /** URL of the worker script, default `/sw.js`. */
  worker?: string | TrustedScriptURL;
  /** Keeps a copy of the session, in case the web view loses its data. The session works without it. */
  nativeStore?: NativeStore;
  /**
   * For pages without a worker (no secure context, workers disabled): the session then runs in the page.
   * Default: the JSON in the document's `<script type="application/json" id="session-keeper">`.
   */
  config?: KeeperConfig;
};

/** Whether the copy in the native store is good. `absent`: `connect` got no store. */
export type NativeState = 'absent' | 'working' | 'failed';

/** The session and the sockets of this page. `connect()` returns it. No method rejects except `fetch` and `upload`. */
export type Keeper = {
  /** The current state. The object never changes: each change makes a new one. */
  readonly snapshot: Snapshot;
  /**
   * Calls `listener` with the current snapshot at once, and then after every change. Returns the function that stops it.
   *
   * @example
   * const stop = keeper.subscribe(({ session }) => {
   *   document.title = session.state === 'signed-out' ? 'Please sign in' : 'Inbox';
   * });
   * addEventListener('pagehide', stop);
   */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /**
   * Signs a user in. `password` and `ticket` resolve when the session is on the disk. `oidc` leaves the page for the
   * provider (OAuth 2.0 authorization code with PKCE, RFC 7636) and returns to `returnTo`, by default this page.
   *
   * Problems: `credentials-rejected` (wrong password or API key), `unsupported` (the deployment lacks this method),
   * `rate-limited`, `misconfigured`, `cancelled` (another sign-in or a sign-out came first), `timeout` (60 s without an
   * answer), `network-unreachable`, `server-unavailable`. `oidc` shows a problem of the provider in the next snapshot.
   *
   * @example
   * const result = await keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' });
   * if (!result.ok) console.warn(result.problem.code); // 'credentials-rejected', 'network-unreachable', …
   */
  signIn(intent: SignInIntent): Promise<Result<SignInNext>>;
  /**
   * Signs the user out in all tabs, also without a network; the worker revokes the tokens (RFC 7009) when it can. With
   * `logout: 'provider'` in the configuration the page then leaves for the provider (OpenID Connect RP-Initiated Logout).
   *
   * @example
   * document.querySelector('#sign-out')?.addEventListener('click', () => keeper.signOut());
   */
  signOut(): Promise<Result<SignInNext | null>>;
  /**
   * Ends the backoff of the refresh and of the sockets: they try now. `cause` defaults to `user`. The keeper itself
   * watches `online`, visibility and thawing.
   *
   * @example
   * document.querySelector('#try-now')?.addEventListener('click', () => keeper.nudge());
   */
  nudge(cause?: NudgeCause): Promise<Result<null>>;
  /**
   * Reads the journal: the last 1,000 events and effects, oldest first. It holds names and times (ms since the Unix
   * epoch), never a token.
   *
   * @example
   * const journal = await keeper.journal();
   * if (journal.ok) console.table(journal.value);
   */
  journal(): Promise<Result<readonly JournalEntry[]>>;
  /**
   * Sends a request as `fetch` does. Use it where a request must not leave without authorization. Plain `fetch` goes
   * directly to the network while no worker controls the page, such as after a hard reload. This one adds an `Idempotency-Key` to
   * unsafe requests of your origin, because Chromium may repeat them when the worker dies.
   *
   * Rejects with a `TypeError` as `fetch` does, or with a `Problem` as its `cause` (`no-worker`), and with the signal's
   * `AbortError`.
   *
   * @example
   * const response = await keeper.fetch('/api/v1/notes', { method: 'POST', body: JSON.stringify({ text: 'Hello' }) });
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Uploads a body of any size. Above 256 kB it goes in parts if the server supports them
   * (draft-ietf-httpbis-resumable-upload), so it continues after a lost network or a killed worker. Otherwise it is one
   * request. Resolves with the server's final response.
   *
   * Rejects with the signal's `AbortError`, or with a `TypeError` after 10 minutes without progress.
   *
   * @example
   * const [file] = document.querySelector<HTMLInputElement>('input[type=file]')?.files ?? [];
   * if (file) {
   *   const onProgress = ({ sent, total }: { sent: number; total: number }) => console.log(`${sent} of ${total} bytes`);
   *   const response = await keeper.upload('/api/v1/media/upload', file, { onProgress });
   *   console.log(response.ok);
   * }
   */
  upload(url: string, body: Blob | ArrayBuffer, options?: UploadOptions): Promise<Response>;
  /**
   * Saves the file at `url` to the disk. `POST <url>/link` returns `{ url }`, a single-use link without a token, for the
   * browser's own download manager; the result then means "started". Without that route (404, 405, 501) the page reads
   * the whole file and saves it.
   *
   * Problems: `network-unreachable`, `rate-limited`, `server-unavailable`, `unexpected-answer` with the HTTP status.
   *
   * @example
   * const saved = await keeper.download('/api/v1/media/download');
   * if (!saved.ok) console.warn(saved.problem.code);
   */
  download(url: string): Promise<Result<null>>;
  /**
   * Opens a `WebSocket` whose connection belongs to the worker (docs/reference/keeper-socket.md). `KeeperSocket` is its
   * class. Throws what `new WebSocket` throws (https://websockets.spec.whatwg.org/#dom-websocket-websocket).
   *
   * @example
   * const socket = keeper.socket('/api/events');
   * socket.addEventListener('message', ({ data }) => console.log(data));
   */
  socket(url: string | URL, protocols?: string | string[]): WebSocket;
  /**
   * Opens a topic to publish and to read. It connects only when you iterate, publish or call `presence()`.
   *
   * @example
   * const board = keeper.channel('board', {
   *   snapshot: async (_gap, signal) => {
   *     const response = await keeper.fetch('/api/board', { signal });
   *     return { data: await response.json() };
   *   },
   * });
   * for await (const event of board.events()) console.log(event.type);
   */
  channel(topic: string, options?: ChannelOptions): Channel;
  /** `ready`: a newer worker script than that of this page is in control. `apply()` reloads the page. */
  readonly update: { readonly ready: boolean; apply(): void };
  /** Whether the copy in `ConnectOptions.nativeStore` is good. */
  readonly native: NativeState;
  /**
   * Disconnects this page from its keeper: channels end, sockets close, snapshots stop. The session stays.
   *
   * @example keeper.close();
   */
  close(): void;
};

export type UploadOptions = {
  /** Called with the bytes that the server has acknowledged, and the size of the body. */
  onProgress?: (progress: { sent: number; total: number }) => void;
  /** Ends the upload. The keeper then deletes what the server has of it. */
  signal?: AbortSignal;
  /** Default `POST`. */
  method?: 'POST' | 'PUT';
};
