import { number, object, string, unknown, type Infer } from './schema/schema.ts';
import { boolean, either, list, oneOf, optional, record, withDefault } from './schema/schema-types.ts';

/**
 * HTTP statuses and error codes of a token endpoint that mean "only the person can go on", beside those that the keeper
 * knows. The tokens stay, and the state becomes `sign-in-required`.
 */
const ENDS_ON = list(either(number, string));

/** The provider's metadata (OpenID Connect Discovery 1.0 §3), as far as the worker needs them. */
export const PROVIDER_METADATA = object({
  /** Default: `issuer` of the configuration. */
  issuer: optional(string),
  authorization_endpoint: string,
  token_endpoint: string,
  revocation_endpoint: optional(string),
  end_session_endpoint: optional(string),
  scopes_supported: optional(list(string)),
  dpop_signing_alg_values_supported: optional(list(string)),
  id_token_signing_alg_values_supported: optional(list(string)),
  authorization_response_iss_parameter_supported: optional(boolean),
});

export type ProviderMetadata = Infer<typeof PROVIDER_METADATA>;

/** Sign-in with an OpenID provider: authorization code with PKCE, and refresh tokens. */
export const OIDC_CONFIG = object({
  issuer: string,
  clientId: string,
  /** Default: `openid profile`, and `offline_access` where the provider's metadata list it. */
  scope: optional(string),
  /** The path on the worker's origin to which the provider redirects. The worker answers it. */
  callback: string,
  /**
   * The redirect URI where it is not `callback` on this origin: that of a native app, such as `com.example.app:/callback`
   * (RFC 8252 §7). The app opens `callback` with the query that it received
   * (docs/how-to/use-in-a-desktop-or-mobile-shell.md).
   */
  redirectUri: optional(string),
  /**
   * Where the metadata are, or the metadata themselves: for a provider that answers discovery elsewhere, with another
   * issuer, or without CORS. Default: `<issuer>/.well-known/openid-configuration`.
   */
  metadata: optional(either(string, PROVIDER_METADATA)),
  /** More parameters of each authorization request, such as `audience`, `acr_values` or `ui_locales`. */
  authorize: optional(record(string)),
  /** Resource indicator (RFC 8707), for a provider that needs one. */
  resource: optional(string),
  /**
   * The `prompt` of each authorization request (OpenID Connect Core §3.1.2.1): one value, because Microsoft Entra ID
   * refuses two (AADSTS90023). Default: none, and `login` after a sign-out.
   */
  prompt: optional(string),
  /** The `prompt` after a sign-out, for a provider that knows no `login`, such as Google. */
  promptAfterSignOut: optional(string),
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
   * An object names another address or other parameters, in which `{home}`, `{client_id}` and `{id_token}` are replaced.
   * Default `local`: the page stays, and the sign-in at the provider may continue. A revocation that the provider refuses
   * leads to its `end_session_endpoint` in any case.
   */
  logout: optional(
    either(oneOf('local', 'provider'), object({ url: optional(string), params: optional(record(string)) })),
  ),
  endsOn: optional(ENDS_ON),
  /**
   * Whether a page may hand over the session of another library (`session-keeper/migrate`). Remove it when your users have
   * come back once. Default `false`.
   */
  allowImport: optional(boolean),
});
export type OidcConfig = Infer<typeof OIDC_CONFIG>;

/**
 * One request to a backend: its address, or more about it. In `headers` and `body`, `{username}`, `{password}`,
 * `{refresh_token}` and other names in braces are replaced by what the request is about.
 */
export const BACKEND_REQUEST = either(
  string,
  object({
    url: string,
    method: optional(oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
    /** How `body` is written. Default `json`. */
    encoding: optional(oneOf('json', 'form')),
    headers: optional(record(string)),
    /** An object of any depth. Default: the names of OAuth 2.0. */
    body: optional(unknown),
  }),
);
export type BackendRequest = Infer<typeof BACKEND_REQUEST>;

/** Where a value is in a JSON answer: names with dots between them, such as `user.id`. Of several, the first that is there. */
const PLACE = either(string, list(string));
export type Place = Infer<typeof PLACE>;

const USER_PLACES = object({ sub: PLACE, name: optional(PLACE) });

/** Login at an application's own backend that answers tokens. Default: JSON with the names of OAuth 2.0. */
export const PASSWORD_CONFIG = object({
  login: BACKEND_REQUEST,
  /** Absent for a backend whose tokens cannot be renewed. */
  refresh: optional(BACKEND_REQUEST),
  /** Absent for a backend that takes no sign-out. */
  logout: optional(BACKEND_REQUEST),
  /** As in `OidcConfig`. */
  reuseGraceMs: withDefault(number, 0),
  /** `cookie`: the refresh token is in an HttpOnly cookie, and the answers have only access tokens. Default `answer`. */
  refreshToken: optional(oneOf('answer', 'cookie')),
  /** Where the values are in an answer. */
  answer: optional(
    object({
      accessToken: optional(PLACE),
      refreshToken: optional(PLACE),
      /** Seconds. */
      expiresIn: optional(PLACE),
      user: optional(USER_PLACES),
    }),
  ),
  endsOn: optional(ENDS_ON),
});
export type PasswordConfig = Infer<typeof PASSWORD_CONFIG>;

/** Where an unsafe request's CSRF token comes from, and the header that carries it. */
export const CSRF_CONFIG = object({
  header: string,
  /** A cookie that is not HttpOnly. */
  cookie: optional(string),
  /** The `<meta>` of this name in the document at the worker's scope. */
  meta: optional(string),
  /** A constant, for a backend that only wants the header to be there. */
  value: optional(string),
  /** The address that sets the cookie, for a client that has none yet. */
  from: optional(string),
});
export type CsrfConfig = Infer<typeof CSRF_CONFIG>;

/** Login by API key or form that sets an HttpOnly cookie. The keeper has no token. */
export const TICKET_CONFIG = object({
  /**
   * `{apiKey}`, `{username}` and `{password}` are what the person gave. `navigate`: the page goes there instead, and the
   * backend sends it back to `{return_to}`, which is `callback`.
   */
  login: either(object({ navigate: string }), BACKEND_REQUEST),
  status: either(
    string,
    object({
      url: string,
      headers: optional(record(string)),
      /** A place that is `true` while someone is signed in. Default `authenticated`; without it, the user's name proves it. */
      authenticated: optional(PLACE),
      user: optional(USER_PLACES),
      /** A place that is `true` when the request came with a device-bound cookie. Default `deviceBound`. */
      deviceBound: optional(PLACE),
      /** Statuses that mean "no one is signed in". Default: none, because a firewall sends 401 and 403 too. */
      signedOutOn: optional(list(number)),
    }),
  ),
  logout: either(object({ navigate: PLACE }), BACKEND_REQUEST),
  /** A path on the worker's origin. The worker answers it: it asks `status` who is signed in now. */
  callback: optional(string),
  csrf: optional(CSRF_CONFIG),
});
export type TicketConfig = Infer<typeof TICKET_CONFIG>;

/** The sign-in methods of a deployment. One that is not complete is left out. */
export const SIGN_IN_CONFIG = object({
  oidc: optional(OIDC_CONFIG),
  password: optional(PASSWORD_CONFIG),
  ticket: optional(TICKET_CONFIG),
});
export type SignInConfig = Infer<typeof SIGN_IN_CONFIG>;
