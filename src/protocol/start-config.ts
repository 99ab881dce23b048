import { looseObject, object, string, type Infer, type Schema } from './schema/schema.ts';
import { array, ifAbsent, list, numberIn, oneOf, optional, withDefault } from './schema/schema-types.ts';
import type { SignInConfig } from './sign-in-config.ts';
import type { SignInKind } from './snapshot.ts';

/*
 * The part of the configuration that a worker reads at its start (docs/decisions/0012). A module goes into one bundle as a
 * whole, so the schemas of the sign-in methods are in sign-in-config.ts, and are read with their code.
 */

/** `self`: the worker's own origin. */
const ORIGIN: Schema<'self' | (string & {})> = string;

const PATH: Schema<string> = {
  type: 'path that begins with "/"',
  read: (value) => (typeof value === 'string' && value.startsWith('/') ? value : undefined),
};

/** One place where the worker may send the token. */
export const API_RULE = object({
  origin: ORIGIN,
  /** A path with a slash at its end, for example `/api/`. It matches on segment boundaries only. */
  path: PATH,
  /** Paths whose `img`, `audio`, `video` and `track` requests get authorization too. */
  media: optional(list(PATH)),
  /**
   * Paths whose redirects the worker follows (GET and HEAD). It sends the token to any path of the same origin, and
   * never to another origin. A redirect from any other path fails with `redirect-refused`.
   */
  redirects: optional(list(PATH)),
  /** Paths that need no authorization, such as a status page. Their requests go out as the page sent them, always. */
  public: optional(list(PATH)),
  /**
   * The API that this rule leads to, for a provider that gives each API an access token of its own. `resource`: by RFC 8707.
   * `audience`: as Auth0 does. `scope`: what the token is for, as Microsoft Entra ID does. Only `oidc` sessions know them.
   */
  resource: optional(string),
  audience: optional(string),
  scope: optional(string),
  /** The only session that this rule is for, where the origin has several. */
  session: optional(string),
});
export type ApiRule = Infer<typeof API_RULE>;

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

/** Several sessions on one origin. */
export const SESSIONS_CONFIG = object({
  /** Documents below these paths have the session of this name, also before they connect. */
  pages: optional(list(object({ path: PATH, session: string }))),
});

/** All of the configuration but the sign-in methods. */
export const CONFIG_FIELDS = {
  /**
   * Names this deployment among those of its origin. Workers of one name share a session, and those of two names know
   * nothing of each other. Default: the path of the worker's scope.
   */
  name: optional(string),
  /** Where a token may go: exact origins, and paths on a segment boundary. */
  api: array(API_RULE),
  /** Proves that the response comes from the app's own backend. Answers `{sub, name}` for the token kinds. */
  whoami: string,
  /** Paths of the server's pages, beside `/api/` and those of common proxies. The shipped app never answers them. */
  serverPaths: optional(list(PATH)),
  /**
   * Names of what else the answer of `whoami` (for `ticket`: of `status`) says of the user, such as `roles`. Pages get them
   * as `user.claims`. List nothing that a page must not know.
   */
  claims: optional(list(string)),
  sockets: ifAbsent(array(SOCKET_CONFIG), []),
  /** Several sessions on this origin, each with a user of its own. Absent: one. */
  sessions: optional(SESSIONS_CONFIG),
};

/** As `KEEPER_CONFIG`, for the start of a worker. The sign-in methods are read with their code (src/host/auth/auth.ts). */
export const START_CONFIG = object({
  ...CONFIG_FIELDS,
  signIn: looseObject<SignInConfig>({}),
});
export type StartConfig = Infer<typeof START_CONFIG>;

/** The paths that the worker answers after a sign-in elsewhere. */
export const callbacksOf = ({ signIn: { oidc, ticket } }: StartConfig): readonly string[] =>
  [oidc?.callback, ticket?.callback].filter((path) => path !== undefined);

export const signInKindsOf = (config: StartConfig): readonly SignInKind[] =>
  (['oidc', 'password', 'ticket'] as const).filter((kind) => config.signIn[kind] !== undefined);

/** The global that the first line of a served worker script sets: `self.__SESSION_KEEPER__ = {…};` */
export const CONFIG_GLOBAL = '__SESSION_KEEPER__';
