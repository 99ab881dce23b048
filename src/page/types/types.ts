import type { JournalEntry, NudgeCause, SignInIntent, SignInNext } from '../../protocol/bridge/calls.ts';
import type { Member } from '../../protocol/bridge/realtime-frames.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

export type { Member };

/** One message of a channel: `offset` grows by one within `epoch`, so nothing can go missing unseen. */
export type Message = { type: 'message'; topic: string; epoch: string; offset: number; data: unknown };
/** Offsets `from`..`to` are gone for good (`to` = 0: unknown): load the state that they led to. */
export type Gap = { type: 'gap'; topic: string; from: number; to: number };

/** What a topic brings, as it comes. */
export type TopicEvent = Message | Gap;

/** `snapshot`: what `ChannelOptions.snapshot` has loaded after a gap; `snapshot-failed`: it has not, and will be asked again. */
export type ChannelEvent =
  | TopicEvent
  | { type: 'snapshot'; topic: string; data: unknown }
  | { type: 'snapshot-failed'; topic: string; problem: Problem; retryInMs: number };

/** `offset`: the last message of the topic that is in it already, where that is known; it is not delivered after it. */
export type LoadedSnapshot = { data: unknown; offset?: number | undefined };

/** `signal` aborts when nobody waits for it any more. */
export type SnapshotLoader = (gap: Gap, signal: AbortSignal) => Promise<LoadedSnapshot>;

export type ChannelOptions = {
  /**
   * Loads the state from where it is kept, after a gap: `events()` then tells the gap, the state, and what came while it
   * was loaded, in this order. A loader that rejects is asked again, later each time, and that is told, too.
   */
  snapshot?: SnapshotLoader | undefined;
};

/** What changed among those who listen to a topic. */
export type PresenceEvent = { type: 'joined' | 'updated' | 'left'; member: Member };

/**
 * Who listens to a topic, device by device: all tabs of a browser profile are one member. A reload, a worker's death or
 * a lost network is neither a leave nor a join: whoever goes without closing has left 10 s later.
 */
export type Presence = {
  /** Who is here, this device among them; empty until the server has said so. While it is away: as it last said. */
  readonly members: readonly Member[];
  /**
   * What this device says of itself to the others: JSON of at most 1,024 characters, `null` at first. Of several places
   * in its tabs, the one that spoke last speaks for it.
   */
  update(state: unknown): Result<null>;
  /** Begins with `joined` for everyone who is here. Ending the iteration does not leave: `close()` does. */
  [Symbol.asyncIterator](): AsyncIterator<PresenceEvent, void>;
  close(): void;
};

export type Channel = {
  /** Messages only; a gap and the state after it are told by `events()`. */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined>;
  events(): AsyncIterable<ChannelEvent, undefined>;
  /**
   * Resolves when the server acknowledged it; it is in the durable outbox before the promise is returned to. `id` (1 to
   * 256 characters, otherwise 128 random bits): what is published again under it, from whatever document, is the same
   * publication for as long as the server keeps its receipt.
   */
  publish(data: unknown, options?: { id?: string | undefined }): Promise<Result<{ offset: number }>>;
  /** Listens to the topic, if nothing here does yet, and tells who else does. */
  presence(): Presence;
  close(): void;
};

/** `new`, as libraries have it that take a WebSocket class. */
export type SocketClass = {
  new (url: string | URL, protocols?: string | string[]): WebSocket;
  readonly prototype: WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
};

export type NativeStore = {
  save(record: string): Promise<unknown>;
  load(): Promise<unknown>;
  clear(): Promise<unknown>;
};

export type ConnectOptions = {
  /** URL of the worker script, default `/sw.js`. */
  worker?: string | TrustedScriptURL;
  /** A desktop shell's keychain. Best effort: whatever it does, the session does not depend on it. */
  nativeStore?: NativeStore;
  /**
   * For pages that can have no worker (no secure context, workers switched off): the host then runs in the page.
   * Default: the JSON in the document's `<script type="application/json" id="session-keeper">`.
   */
  config?: KeeperConfig;
};

/** How the native store's copy is doing; nothing in the session depends on it. `absent`: none was given. */
export type NativeState = 'absent' | 'working' | 'failed';

/** What an app holds. */
export type Keeper = {
  readonly snapshot: Snapshot;
  /** Calls `listener` with the current snapshot at once and then on every change. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /** `oidc` leaves the page for the provider; the others resolve when the session is durable. */
  signIn(intent: SignInIntent): Promise<Result<SignInNext>>;
  /** Resolves when it is so in this browser. With `logout: 'provider'` the page then leaves for the provider. */
  signOut(): Promise<Result<SignInNext | null>>;
  /** Asks for a try now of whatever waits. */
  nudge(cause?: NudgeCause): Promise<Result<null>>;
  journal(): Promise<Result<readonly JournalEntry[]>>;
  /** Like `fetch`; authorized even when no worker controls the page. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Sends a body, in parts where the server takes them (draft-ietf-httpbis-resumable-upload): `onProgress` then tells
   * how many bytes it has, and the upload goes on after a lost network or a worker's death. Else in one request.
   */
  upload(url: string, body: Blob | ArrayBuffer, options?: UploadOptions): Promise<Response>;
  /**
   * Saves to disk. `POST <url>/link` is asked for a link of one use, `{ url }`, that needs no token: the browser's own
   * download manager then does it, and `ok` says that it has begun. Where there is no such route, the page reads the
   * file whole and saves it.
   */
  download(url: string): Promise<Result<null>>;
  /** A drop-in `WebSocket` whose wire is the worker's; `KeeperSocket` is its class. */
  socket(url: string | URL, protocols?: string | string[]): WebSocket;
  channel(topic: string, options?: ChannelOptions): Channel;
  /** A newer worker script than the one that made this page is in control. */
  readonly update: { readonly ready: boolean; apply(): void };
  readonly native: NativeState;
  close(): void;
};

export type UploadOptions = {
  /** Bytes that the server has acknowledged. */
  onProgress?: (progress: { sent: number; total: number }) => void;
  /** Ends the upload; what the server has of it is removed. */
  signal?: AbortSignal;
  method?: 'POST' | 'PUT';
};
