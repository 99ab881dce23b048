import type { JournalEntry, NudgeCause, SignInIntent, SignInNext } from '../protocol/bridge.ts';
import type { KeeperConfig } from '../protocol/config.ts';
import type { Result } from '../protocol/problem.ts';
import type { Snapshot } from '../protocol/snapshot.ts';

/** One message of a channel: `offset` grows by one within `epoch`, so nothing can go missing unseen. */
export type ChannelEvent =
  | { type: 'message'; topic: string; epoch: string; offset: number; data: unknown }
  /** Offsets `from`..`to` are gone for good (`to` = 0: unknown); load a snapshot of the data. */
  | { type: 'gap'; topic: string; from: number; to: number };

export type Channel = {
  /** Messages only; a gap is skipped here and told by `events()`. */
  [Symbol.asyncIterator](): AsyncIterator<Extract<ChannelEvent, { type: 'message' }>, undefined>;
  events(): AsyncIterable<ChannelEvent, undefined>;
  /** Resolves when the server acknowledged it; it is in the durable outbox before the promise is returned to. */
  publish(data: unknown): Promise<Result<{ offset: number }>>;
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
  channel(topic: string): Channel;
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
