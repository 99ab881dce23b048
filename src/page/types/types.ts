import type { TrustedScriptURL } from 'trusted-types/lib/index.js';
import type { JournalEntry, NamedSession, NudgeCause, SignInIntent, SignInNext } from '../../protocol/bridge/calls.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Result } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { Channel, ChannelOptions } from './channel-types.ts';

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

/** Options of `connect`. All are optional. */
export type ConnectOptions = {
  /** URL of the worker script, default `/sw.js`. */
  worker?: string | TrustedScriptURL;
  /**
   * The vault's document, such as `https://vault.example.com/keeper-vault.html`, on another origin of this site. The session is
   * there, out of reach of this page's scripts. This page then needs no worker (docs/how-to/put-the-session-in-a-vault.md).
   */
  vault?: string | URL;
  /** Keeps a copy of the session, in case the web view loses its data. The session works without it. */
  nativeStore?: NativeStore;
  /**
   * For pages without a worker (no secure context, workers disabled): the session then runs in the page.
   * Default: the JSON in the document's `<script type="application/json" id="session-keeper">`.
   */
  config?: KeeperConfig;
  /**
   * Whether plain `fetch` is authorized in a page without a worker, or with a vault. The keeper then replaces the page's
   * `fetch`, until a worker takes over. Elements, `XMLHttpRequest` and `EventSource` are not authorized there. Default `true`.
   */
  patchFetch?: boolean;
  /**
   * The name of the session that this page stays with, where the configuration has `sessions`: letters, digits and
   * `_ . @ -`. '' is the first one. Absent: the page follows `keeper.showSession`.
   */
  session?: string;
};

/** How a sign-in at a provider is shown. */
export type SignInOptions = {
  popup?: boolean | undefined;
  /** Opens the provider's address elsewhere, such as in the system's browser. Default: this page goes there. */
  open?: ((url: string) => unknown) | undefined;
};

/** Which session ends: one, or all of them. Default: the one that the page shows. */
export type SignOutOptions = {
  /** As in `SignInOptions`, for the provider's page that ends the sign-in there. */
  open?: SignInOptions['open'];
} & ({ sessions?: 'all' | undefined; session?: undefined } | { session?: string | undefined; sessions?: undefined });

/** The options of `fetch`, and what `keeper.fetch` adds. */
export type KeeperRequestInit = RequestInit & { stepUp?: 'popup' | 'redirect' | undefined };

/** A request for which this tab left its page (`stepUp: 'redirect'`), and what became of it. */
export type ResentRequest = {
  method: string;
  /** Absolute, as the request had it. */
  url: string;
  /**
   * The response, with any status. Problems: `cancelled` (the person did not finish, or another person signed in),
   * `sign-in-refused` and others of the sign-in, `signed-out`, and `network-unreachable`.
   */
  result: Result<Response>;
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
   * `popup`: the provider's page opens in a window of its own, and this page stays. Call it in the handler of a click. It
   * resolves when the window has come back. Without a worker the page leaves nevertheless.
   *
   * `open`: for a native shell, which opens the address in the system's browser (RFC 8252). This page stays, and the promise
   * resolves with `redirect`. The session is there when the shell has opened `callback` of the configuration.
   *
   * `oidc` shows a problem of the provider in the next snapshot. Problems:
   * - `credentials-rejected`: wrong password or API key
   * - `unsupported`: the deployment does not have this sign-in method
   * - `misconfigured`: the provider or the configuration is wrong
   * - `rate-limited`: too many attempts; `retryAfterMs` is the pause, if the server sent one
   * - `cancelled`: another sign-in or a sign-out came first, or the person closed the window
   * - `unsupported` with `popup-blocked`: the browser opened no window
   * - `timeout`: no answer within 60 s
   * - `network-unreachable`, `server-unavailable`: try again later
   *
   * @example
   * const result = await keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' });
   * if (!result.ok) console.warn(result.problem.code); // 'credentials-rejected', 'network-unreachable', …
   */
  signIn(intent: SignInIntent, options?: SignInOptions): Promise<Result<SignInNext>>;
  /**
   * Signs the user in again as an API demands it with a 401 (OAuth 2.0 Step Up Authentication, RFC 9470). The page leaves for
   * the provider and comes back here. Then send the request again. The session goes on if the person does not finish.
   *
   * `unsupported`: the response demands nothing, or another origin hides its `WWW-Authenticate` (CORS `Access-Control-Expose-Headers`).
   *
   * @example
   * const response = await keeper.fetch('/api/v1/notes', { method: 'POST', body: '{}' });
   * if (response.status === 401) await keeper.stepUp(response);
   */
  stepUp(response: Response, options?: SignInOptions): Promise<Result<SignInNext>>;
  /**
   * Signs the user out in all tabs, also without a network; the worker revokes the tokens (RFC 7009) when it can. With
   * `logout: 'provider'` in the configuration the page then leaves for the provider (OpenID Connect RP-Initiated Logout).
   *
   * `session`: ends this one instead of the session that the page shows. `sessions: 'all'`: ends all of this origin.
   *
   * @example
   * document.querySelector('#sign-out')?.addEventListener('click', () => keeper.signOut());
   */
  signOut(options?: SignOutOptions): Promise<Result<SignInNext | null>>;
  /**
   * The sessions of this origin, where the configuration has `sessions`: their names, users and states.
   *
   * @example
   * const sessions = await keeper.sessions();
   * if (sessions.ok) for (const { name, shown, session } of sessions.value) console.log(name, shown, session.state);
   */
  sessions(): Promise<Result<readonly NamedSession[]>>;
  /**
   * Shows another session in all tabs that have none of their own, and in new ones. Each of these tabs ends the requests and
   * sockets of the former session, and its next snapshot has the new one. A name that is not known yet begins a session.
   *
   * Problems: `unsupported` without `sessions` in the configuration, `bad-message` for a name with other characters.
   *
   * @example
   * await keeper.showSession('work');
   */
  showSession(name: string): Promise<Result<null>>;
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
   * `stepUp: 'popup'`: when an API demands a stronger sign-in (RFC 9470), the person signs in in a window, and the request is
   * sent once more. If they do not, the promise resolves with the 401. `stepUp: 'redirect'`: this page leaves for the provider,
   * and `resent()` has the response on the way back. A request that cannot wait so long resolves with the 401: more than
   * 1 MiB of body, or storage that is full or forbidden.
   *
   * Rejects with a `TypeError` as `fetch` does, or with a `Problem` as its `cause` (`no-worker`), and with the signal's
   * `AbortError`.
   *
   * @example
   * const response = await keeper.fetch('/api/v1/notes', { method: 'POST', body: JSON.stringify({ text: 'Hello' }) });
   */
  fetch(input: RequestInfo | URL, init?: KeeperRequestInit): Promise<Response>;
  /**
   * The requests for which this tab left its page (`stepUp: 'redirect'`), oldest first. The keeper sends each of them once, when
   * the same page is back and the same person has finished the sign-in. Resolves with none where there is none.
   *
   * @example
   * for (const { method, url, result } of await keeper.resent())
   *   console.log(method, url, result.ok ? result.value.status : result.problem.code);
   */
  resent(): Promise<readonly ResentRequest[]>;
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

/** Options of `keeper.upload`. All are optional. */
export type UploadOptions = {
  /** Called with the bytes that the server has acknowledged, and the size of the body. */
  onProgress?: (progress: { sent: number; total: number }) => void;
  /** Ends the upload. The keeper then deletes what the server has of it. */
  signal?: AbortSignal;
  /** Default `POST`. */
  method?: 'POST' | 'PUT';
};
