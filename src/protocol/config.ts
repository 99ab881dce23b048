import { number, object, string, type Infer, type Schema } from './schema/schema.ts';
import {
  array,
  boolean,
  ifAbsent,
  list,
  numberIn,
  oneOf,
  optional,
  record,
  withDefault,
} from './schema/schema-types.ts';
import type { SignInKind } from './snapshot.ts';

/**
 * The version of `KeeperConfig`. A deployment may bake a configuration of another version than its worker script.
 *
 * History
 * 1  first version
 */
export const CONFIG_VERSION = 1;

/** `self`: the worker's own origin. */
const ORIGIN: Schema<'self' | (string & {})> = string;

/** One place where the worker may send the token. */
export const API_RULE = object({
  origin: ORIGIN,
  /** A path with a slash at its end, for example `/api/`. It matches on segment boundaries only. */
  path: string,
  /** Paths whose `img`, `audio`, `video` and `track` requests get authorization too. */
  media: optional(list(string)),
  /**
   * Paths whose redirects the worker follows (GET and HEAD). It sends the token to any path of the same origin, and
   * never to another origin. A redirect from any other path fails with `redirect-refused`.
   */
  redirects: optional(list(string)),
  /** Paths that need no authorization, such as a status page. Their requests go out as the page sent them, always. */
  public: optional(list(string)),
});
export type ApiRule = Infer<typeof API_RULE>;

/** Sign-in with an OpenID provider: authorization code with PKCE, and refresh tokens. */
export const OIDC_CONFIG = object({
  issuer: string,
  clientId: string,
  scope: string,
  /** The path on the worker's origin to which the provider redirects. The worker answers it. */
  callback: string,
  /** Resource indicator (RFC 8707), for a provider that needs one. */
  resource: optional(string),
  /**
   * The `prompt` of the authorization request (OpenID Connect Core §3.1.2.1): one value, because Microsoft Entra ID
   * refuses two (AADSTS90023). An empty string sends none. Default: `consent` with the scope `offline_access`, else
   * `login` after a sign-out.
   */
  prompt: optional(string),
  /**
   * Tokens that are bound to a key (RFC 9449). `auto`: where the provider offers it. An API that knows bearer tokens only
   * gets them as such. `required`: never a bearer token. `off`: never DPoP. Default `auto`.
   */
  dpop: optional(oneOf('auto', 'off', 'required')),
  /** How long (ms) the provider still accepts a used refresh token. 0: unknown or not at all. */
  reuseGraceMs: withDefault(number, 0),
  /**
   * Whether the provider makes a grant for each sign-in. Only then can the worker revoke a former session and keep the
   * present one.
   */
  grantPerSignIn: optional(boolean),
  /**
   * `provider`: a sign-out also ends the sign-in at the provider (OpenID Connect RP-Initiated Logout 1.0), if the
   * provider has an `end_session_endpoint`. Register the address of the worker's scope there as `post_logout_redirect_uri`.
   * Default `local`: the page stays, and the sign-in at the provider may continue.
   */
  logout: optional(oneOf('local', 'provider')),
});
export type OidcConfig = Infer<typeof OIDC_CONFIG>;

/** JSON login that answers `{access_token, refresh_token, token_type, expires_in}`. */
export const PASSWORD_CONFIG = object({
  login: string,
  refresh: string,
  logout: string,
  /** As in `OidcConfig`. */
  reuseGraceMs: withDefault(number, 0),
});
export type PasswordConfig = Infer<typeof PASSWORD_CONFIG>;

/** Login by API key or form that sets an HttpOnly cookie. The keeper has no token. */
export const TICKET_CONFIG = object({ login: string, status: string, logout: string });
export type TicketConfig = Infer<typeof TICKET_CONFIG>;

/**
 * The protocol of a URL. `private`: each tab's socket has an upstream of its own, of any protocol. All others share one
 * upstream. `broadcast` passes each frame to all tabs, of any protocol. Other names are those of codecs that the embedder
 * adds (`socketsWith`).
 */
const CODEC_NAME: Schema<'keeper.1' | 'json-ping' | 'broadcast' | 'private' | (string & {})> = string;
export type CodecName = Infer<typeof CODEC_NAME>;

/** One WebSocket endpoint, and who shares its connection. */
export const SOCKET_CONFIG = object({
  /**
   * Path or URL of the WebSocket, as in `keeper.socket('/api/events')`. A `private` one matches with any query, and with
   * all paths below it if it ends with a slash.
   */
  url: string,
  codec: CODEC_NAME,
  /**
   * Each attempt needs a new single-use ticket. `protocol` needs a server that chooses one of the offered subprotocols.
   * `message` sends it as the first frame. `query` puts it into server logs: only for old backends.
   */
  ticket: object({
    url: string,
    method: withDefault(oneOf('GET', 'POST'), 'POST'),
    carry: withDefault(oneOf('protocol', 'query', 'message'), 'protocol'),
    /** The query parameter of `query`. Default: `token`. */
    parameter: optional(string),
    /** The text of the first frame of `message`, where `{ticket}` stands for the ticket. Default: `{ticket}`. */
    message: optional(string),
  }),
  /** The close code that pages get at a sign-out, for clients that give up after 4401. */
  signedOutCode: optional(numberIn(1_000, 4_999)),
  /**
   * For a `broadcast` or `json-ping` server that answers a frame of its own: the worker sends `send` every `everyMs` (1 s to
   * 60 s) and expects any frame within 3 s. Tabs do not receive frames that are equal to `expect`.
   */
  heartbeat: optional(
    object({ send: string, expect: optional(string), everyMs: withDefault(numberIn(1_000, 60_000), 20_000) }),
  ),
});
export type SocketConfig = Infer<typeof SOCKET_CONFIG>;

/**
 * What a deployment decides at build or serve time. The server or the build writes it into the worker script. The worker
 * reads no part of it from IndexedDB, the Cache API or its own URL, because page script can write all of these
 * (docs/explanation/threat-model.md).
 */
export const KEEPER_CONFIG = object({
  /**
   * Names this deployment among those of its origin. Workers of one name share a session, and those of two names know
   * nothing of each other. Default: the path of the worker's scope.
   */
  name: optional(string),
  /** Where a token may go: exact origins, and paths on a segment boundary. */
  api: array(API_RULE),
  /** Proves that the response comes from the app's own backend. Answers `{sub, name}` for the token kinds. */
  whoami: string,
  signIn: object({
    oidc: optional(OIDC_CONFIG),
    password: optional(PASSWORD_CONFIG),
    ticket: optional(TICKET_CONFIG),
  }),
  sockets: ifAbsent(array(SOCKET_CONFIG), []),
});
export type KeeperConfig = Infer<typeof KEEPER_CONFIG>;

export const signInKindsOf = (config: KeeperConfig): readonly SignInKind[] =>
  (['oidc', 'password', 'ticket'] as const).filter((kind) => config.signIn[kind] !== undefined);

/** The global that the first line of a served worker script sets: `self.__SESSION_KEEPER__ = {…};` */
export const CONFIG_GLOBAL = '__SESSION_KEEPER__';

const NAMED_SECRET = { id: string, secret: string };

/** `former`: secrets of keys that the server has replaced. The worker opens records with them and seals none. */
export const SEAL_SECRET = object({ ...NAMED_SECRET, former: optional(array(object(NAMED_SECRET))) });
export type SealSecret = Infer<typeof SEAL_SECRET>;

/** What the server or the build writes into the worker script. */
export const INJECTED_CONFIG = object({
  config: KEEPER_CONFIG,
  /** Tier `sealed`: a secret of this installation. The server adds it only for a browser that fetches a worker script. */
  seal: optional(SEAL_SECRET),
  /** Headers of the app's document, for a worker that serves it. Page script can change those in the Cache API. */
  document: optional(record(string)),
});
export type InjectedConfig = Infer<typeof INJECTED_CONFIG>;
