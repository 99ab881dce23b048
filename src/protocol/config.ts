import type { SignInKind } from './snapshot.ts';

/**
 * What a deployment decides at build or serve time. It is baked into the worker script; nothing of it is
 * ever read from IndexedDB, the Cache API or the script's query string, all of which page script can write
 * (docs/explanation/threat-model.md).
 */
export type KeeperConfig = {
  /** Where a token may go: exact origins, and paths on a segment boundary. */
  api: readonly ApiRule[];
  /** Proves that the application's own backend was reached. Answers `{sub, name}` for the token kinds. */
  whoami: string;
  signIn: { oidc?: OidcConfig | undefined; password?: PasswordConfig | undefined; ticket?: TicketConfig | undefined };
  sockets: readonly SocketConfig[];
};

/** One place where the worker may send the token. */
export type ApiRule = {
  /** `self` is the worker's own origin. */
  origin: 'self' | (string & {});
  /** Path with a trailing slash, for example `/api/`. It matches on segment boundaries only. */
  path: string;
  /** Paths whose `img`, `audio`, `video` and `track` requests get authorization too. */
  media?: readonly string[] | undefined;
  /**
   * Paths whose redirects are followed (GET and HEAD). The token goes along to whatever path of the same origin they
   * lead to, and never to another origin. Everywhere else a redirect is answered with `redirect-refused`.
   */
  redirects?: readonly string[] | undefined;
};

/** Sign-in with an OpenID provider: authorization code with PKCE, and refresh tokens. */
export type OidcConfig = {
  issuer: string;
  clientId: string;
  scope: string;
  /** Path on the worker's origin that the provider sends people back to; taken by the worker itself. */
  callback: string;
  /** RFC 8707 resource indicator, where the provider wants one. */
  resource?: string | undefined;
  /** How long the provider accepts a consumed refresh token again (0 = unknown or none). */
  reuseGraceMs: number;
  /** Whether each sign-in has a grant of its own there: only then can a former one be revoked without the one after it. */
  grantPerSignIn?: boolean | undefined;
  /**
   * `provider`: whoever signs out here is sent to the provider, to end its sign-in too (OpenID Connect RP-Initiated
   * Logout 1.0), if it has an `end_session_endpoint`; the origin with `/` must be registered there as
   * `post_logout_redirect_uri`. By default `local`: the page stays, and the provider's own sign-in may go on.
   */
  logout?: 'local' | 'provider' | undefined;
};

/** JSON login that answers `{access_token, refresh_token, token_type, expires_in}`. */
export type PasswordConfig = { login: string; refresh: string; logout: string; reuseGraceMs: number };

/** API key or form login that answers an HttpOnly cookie; the keeper holds no token. */
export type TicketConfig = { login: string; status: string; logout: string };

/**
 * Who speaks on a URL. `private`: every tab's socket has an upstream of its own, of any protocol. The others share one
 * upstream: `broadcast` passes each frame to all, of any protocol; the rest know theirs. Names besides these are those
 * of codecs that the embedder adds (`socketsWith`).
 */
export type CodecName = 'keeper.1' | 'json-ping' | 'broadcast' | 'private' | (string & {});

/** One WebSocket endpoint, and who shares its connection. */
export type SocketConfig = {
  /**
   * Path or URL of the WebSocket, as pages name it: `keeper.socket('/api/events')`. For `private` without its query,
   * and all that lies below it if it ends with a slash.
   */
  url: string;
  codec: CodecName;
  /** A fresh single-use ticket for each attempt. `query` leaks it into server logs: only for old backends. */
  ticket: { url: string; method: 'GET' | 'POST'; carry: 'protocol' | 'query' };
};

export const signInKindsOf = (config: KeeperConfig): readonly SignInKind[] =>
  (['oidc', 'password', 'ticket'] as const).filter((kind) => config.signIn[kind] !== undefined);

/** The global that the first line of a served worker script sets: `self.__SESSION_KEEPER__ = {…};` */
export const CONFIG_GLOBAL = '__SESSION_KEEPER__';

/** What the server or the bundler bakes into the worker script. */
export type InjectedConfig = {
  config: KeeperConfig;
  /** Tier T2: a secret for this installation, only ever filled in for a real service-worker script fetch. */
  seal?: SealSecret | undefined;
  /** Headers of the app's document, for a worker that serves it: those in the Cache API could be anybody's. */
  document?: Readonly<Record<string, string>> | undefined;
};

/** `former`: the secrets of keys that the server has replaced; they open what they sealed, and seal nothing more. */
export type SealSecret = NamedSecret & { former?: readonly NamedSecret[] | undefined };

type NamedSecret = { id: string; secret: string };
