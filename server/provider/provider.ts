import type { IncomingMessage } from 'node:http';
import type * as OidcProvider from 'oidc-provider';
import type { Context, OidcContext, Provider } from 'oidc-provider';
import type { TokenVersion } from '../auth/token-version.ts';
import type { Accounts } from '../auth/accounts.ts';
import { DPOP_ALGORITHMS } from '../auth/dpop/proof-signature.ts';
import type { DeviceCookies } from '../auth/device-cookies.ts';
import type { LoginRateLimit } from '../limits/login-rate-limit.ts';
import { SESSION_SECONDS, type Lifetimes, type ReusePolicy } from '../base/token-lifetimes.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';
import { redirectOrigins } from './redirect-origins.ts';
import { countByAddress, createBegunSignIns } from './begun-sign-ins.ts';
import { answerUnavailable } from './unavailable.ts';
import { ownFormsOnly, providerHeaders } from './provider-guards.ts';
import { grantKey } from './provider-records.ts';
import { countBegunSignIns, storeAdapter, type ProviderStorageOptions } from './provider-storage.ts';
import { moveLegacyRecords } from './legacy-records.ts';
import { createRefreshTokenIds, type RefreshTokenIds } from './refresh-token-id.ts';
import { pageStrings, type PageStrings } from './page-strings.ts';
import { messagePage, signOutPage } from './sign-in-page.ts';
import { sendPage, signInPath, signInRoutes, type GrantPolicy } from './sign-in-routes.ts';
import type { Storage } from '../storage/storage.ts';

export type ProviderOptions = {
  issuer: string;
  /** Public client (RFC 6749 §2.1): PKCE, no secret. */
  clientId: string;
  /** Origins of the application. They may redirect to `/auth/callback` and `/`, and call the token endpoint (CORS). */
  appOrigins: readonly string[];
  storage: Storage;
  accounts: Accounts;
  loginRateLimit: LoginRateLimit;
  deviceCookies: DeviceCookies;
  lifetimes: Lifetimes;
  reusePolicy: ReusePolicy;
  /** The server's clock without the skew of the fault routes. */
  steadyNow: () => number;
  space?: DiskSpace | undefined;
  /** Called when a refresh token proves that the store is an older copy. */
  onRestored?: (() => void) | undefined;
  tokenVersion: TokenVersion;
  /** `jwt`: signed, for `audience`. `opaque`: only the userinfo and introspection endpoints can read them. */
  accessTokens: 'jwt' | 'opaque';
  audience: string;
  /** Further APIs (RFC 8707). Each gets access tokens of its own. */
  resources?: readonly string[] | undefined;
  /** `required`: DPoP with nonces. `clock`: DPoP without nonces, which checks `iat` only. `off`: no DPoP. */
  dpop: 'required' | 'clock' | 'off';
  /** `Access-Control-Expose-Headers`. Default: all headers that the worker uses. */
  exposedHeaders?: string | undefined;
  rotation: boolean;
  /** Default: `sign-in`. */
  grants?: GrantPolicy | undefined;
  /** Enables token revocation (RFC 7009). Default: `true`. */
  revocation?: boolean | undefined;
  /** Shows the credentials of the first account on the sign-in page. */
  showHint: boolean;
  /** Called after each successful token request. */
  onGranted?: ((ctx: Context, grantType: string) => void) | undefined;
  /** Called for an error that is no answer of the protocol. Default: standard error. */
  onError?: ((error: unknown, request: IncomingMessage) => void) | undefined;
  /** Called when a grant is revoked, also after reuse of a refresh token. */
  onRevoked?: ((grantId: string) => void) | undefined;
};

/** Claims of the JWT access tokens beyond RFC 9068. Tokens in use contain these names. */
export const CLAIMS = { tokenVersion: 'access_epoch', session: 'sid' } as const;

const SCOPES = ['openid', 'offline_access', 'profile', 'api'];
/** Longer than any refresh token. Each use renews a refresh token, but not its grant. */
const GRANT_SECONDS = 180 * 86_400;
const TTL_SECONDS = {
  AuthorizationCode: 60,
  IdToken: 600,
  Interaction: 1_800,
  Session: SESSION_SECONDS,
  Grant: GRANT_SECONDS,
};
/** Scripts of another origin can read only these headers. The worker needs `Date` to measure the clock skew. */
const EXPOSED_HEADERS = 'Date, Retry-After, DPoP-Nonce, WWW-Authenticate';

/** The package prints a warning on import in Node 20, although its test suite and ours pass there. */
const importProvider = async (): Promise<typeof OidcProvider> => {
  const { warn } = console;
  console.warn = (...args: unknown[]) => {
    if (!String(args[0]).includes('Unsupported runtime')) warn(...args);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
};

const clientOf = (options: ProviderOptions): { [name: string]: unknown } => ({
  client_id: options.clientId,
  client_name: 'Session Keeper',
  // A native client always needs an interaction, so a hidden frame gets no code (RFC 8252 §8.12).
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: redirectOrigins(options.appOrigins).map((origin) => `${origin}/auth/callback`),
  post_logout_redirect_uris: redirectOrigins(options.appOrigins).map((origin) => `${origin}/`),
  dpop_bound_access_tokens: options.dpop !== 'off',
});

const resourceIndicators = (options: ProviderOptions): { [name: string]: unknown } => ({
  enabled: options.accessTokens === 'jwt',
  defaultResource: () => options.audience,
  useGrantedResource: () => true,
  getResourceServerInfo: (_ctx: Context, indicator: string) => ({
    scope: 'api',
    audience: options.resources?.includes(indicator) ? indicator : options.audience,
    accessTokenFormat: 'jwt',
    accessTokenTTL: options.lifetimes.accessSeconds,
    jwt: { sign: { alg: 'ES256' } },
  }),
});

/** The language that the client asked for (OpenID Connect RP-Initiated Logout 1.0 §2), or that the browser prefers. */
const stringsOf = (ctx: Context): PageStrings =>
  pageStrings(ctx.get('accept-language'), ctx.oidc?.params?.['ui_locales']);

const features = (options: ProviderOptions, nonceSecret: Buffer): { [name: string]: unknown } => {
  const off = { enabled: false };
  const nonces = options.dpop === 'required' ? { nonceSecret, requireNonce: () => true } : {};
  const dPoP = { enabled: true, allowReplay: false, ...nonces };
  const formTargets = options.appOrigins;
  return {
    devInteractions: off,
    dPoP: options.dpop === 'off' ? off : dPoP,
    revocation: { enabled: options.revocation ?? true, allowedPolicy: ownTokensOnly },
    introspection: { enabled: true, allowedPolicy: ownTokensOnly },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx: Context, form: string) =>
        sendPage(ctx, 200, signOutPage(form, stringsOf(ctx)), formTargets),
      postLogoutSuccessSource: async (ctx: Context) => {
        const t = stringsOf(ctx);
        const href = formTargets[0] ?? '/';
        sendPage(ctx, 200, messagePage({ t, title: t.signedOut, text: t.signedOutDetail, href }), []);
      },
    },
    resourceIndicators: resourceIndicators(options),
  };
};

const ownTokensOnly = async (
  _ctx: Context,
  client: { clientId: string },
  token: { clientId?: string },
): Promise<boolean> => token.clientId === client.clientId;

const accountsConfiguration = ({ accounts, tokenVersion }: ProviderOptions): { [name: string]: unknown } => ({
  findAccount: async (_ctx: Context, sub: string) => {
    const account = accounts.find(sub);
    return account && { accountId: sub, claims: async () => ({ sub, name: account.name }) };
  },
  extraTokenClaims: async (_ctx: Context, token: { accountId?: string; grantId?: string }) => ({
    name: accounts.find(token.accountId ?? '')?.name,
    [CLAIMS.session]: token.grantId,
    [CLAIMS.tokenVersion]: await tokenVersion.current(),
  }),
});

const storageOptions = async (
  { storage, steadyNow, reusePolicy, onRestored, space }: ProviderOptions,
  reused: ProviderStorageOptions['reused'],
): Promise<ProviderStorageOptions> => ({
  ...{ storage, now: steadyNow, reusePolicy, reused, space },
  begunSignIns: createBegunSignIns(TTL_SECONDS.Interaction * 1000),
  indexKeys: await storage.secrets.keys('provider-index'),
  refreshTokenIds: createRefreshTokenIds(await storage.secrets.keys('provider-refresh')),
  onRestored: () => onRestored?.(),
});

const configuration = async (
  options: ProviderOptions,
  storage: ProviderStorageOptions,
): Promise<{ [name: string]: unknown }> => {
  const { lifetimes } = options;
  const { secrets } = options.storage;
  const { port } = new URL(options.issuer);
  const cookie = (use: string): string => `keeper_provider_${port}_${use}`;
  return {
    adapter: storeAdapter(storage),
    clients: [clientOf(options)],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: await secrets.signingKeys() },
    // A cookie is sent to all ports of a host, and another provider may run on another port.
    cookies: {
      names: { session: cookie('session'), interaction: cookie('interaction'), resume: cookie('resume') },
      keys: (await secrets.keys('provider-cookies'))().map((key) => key.toString('base64url')),
    },
    pkce: { required: () => true },
    clientAuthMethods: ['none'],
    responseTypes: ['code'],
    scopes: SCOPES,
    claims: { openid: ['sub'], profile: ['name'] },
    clientBasedCORS: (_ctx: Context, origin: string) => options.appOrigins.includes(origin),
    // The provider removes `offline_access` unless the client requests a consent prompt, which a first-party client does
    // not need (lib/actions/authorization/scopes.js). The interaction above protects the refresh token instead.
    issueRefreshToken: async () => true,
    expiresWithSession: async () => false,
    rotateRefreshToken: options.rotation,
    ttl: { ...TTL_SECONDS, AccessToken: () => lifetimes.accessSeconds, RefreshToken: () => lifetimes.refreshSeconds },
    enabledJWA: { dPoPSigningAlgValues: DPOP_ALGORITHMS },
    interactions: { url: (_ctx: Context, { uid }: { uid: string }) => signInPath(uid) },
    features: features(options, (await secrets.keys('provider-nonces'))()[0]),
    renderError: async (ctx: Context, out: { error?: string; error_description?: string }) => {
      const t = pageStrings(ctx.get('accept-language'));
      const text = out.error_description ?? out.error ?? t.failedDetail;
      sendPage(ctx, ctx.status, messagePage({ t, title: t.failed, text, href: options.appOrigins[0] ?? '/' }), []);
    },
    ...accountsConfiguration(options),
  };
};

/**
 * When the first-party client revokes its refresh token on sign-out, this also ends the sign-in at the provider. It does
 * not if another sign-in has replaced that of the token.
 */
const endSignIn = async (provider: Provider, { route, entities }: OidcContext): Promise<void> => {
  const { sessionUid, clientId = '', grantId } = entities.RefreshToken ?? {};
  if (route !== 'revocation' || sessionUid === undefined) return;
  const session = await provider.Session.findByUid(sessionUid);
  if (session?.grantIdFor(clientId) === grantId) await session?.destroy();
};

/** The package has an option for the length of ids only (lib/models/formats/opaque.js), but asks each token for its own. */
const signRefreshTokens = ({ RefreshToken }: Provider, ids: RefreshTokenIds): void => {
  RefreshToken.prototype.generateTokenId = function generateTokenId() {
    return ids.create({ grantId: this.grantId ?? '', rotations: this.rotations ?? 0 });
  };
};

/** The certified OpenID provider `oidc-provider` (https://openid.net/specs/openid-connect-core-1_0.html) on `Store`. */
export const createProvider = async (options: ProviderOptions): Promise<Provider> => {
  const { Provider: OpenIdProvider, errors } = await importProvider();
  const reused = (grantId: string | undefined): Error => {
    if (grantId !== undefined) options.onRevoked?.(grantId);
    return new errors.InvalidGrant('refresh token already used');
  };
  const storage = await storageOptions(options, reused);
  const { embedded } = options.storage;
  if (embedded) {
    await moveLegacyRecords(embedded, storage.indexKeys, options.steadyNow);
    await countBegunSignIns(embedded, storage.begunSignIns);
  }
  const provider = new OpenIdProvider(options.issuer, await configuration(options, storage));
  signRefreshTokens(provider, storage.refreshTokenIds);
  // Behind a reverse proxy the request pipeline sets `X-Forwarded-Proto`.
  provider.proxy = options.issuer.startsWith('https:');
  const { accounts, loginRateLimit, deviceCookies, appOrigins } = options;
  const resource = options.accessTokens === 'jwt' ? options.audience : undefined;
  const hint = options.showHint ? accounts.all()[0] : undefined;
  provider.use(providerHeaders(options.exposedHeaders ?? EXPOSED_HEADERS));
  const { onError = (error: unknown) => console.error(error) } = options;
  answerUnavailable(provider, appOrigins[0] ?? '/', onError);
  provider.use(countByAddress);
  provider.use(ownFormsOnly([...appOrigins, new URL(options.issuer).origin]));
  provider.use(
    signInRoutes({
      provider,
      accounts,
      loginRateLimit,
      deviceCookies,
      appOrigins,
      resource,
      hint,
      grants: options.grants ?? 'sign-in',
      furtherResources: options.resources ?? [],
    }),
  );
  provider.on('grant.success', (ctx) => options.onGranted?.(ctx, String(ctx.oidc?.params?.['grant_type'])));
  provider.on('grant.revoked', (ctx, grantId) => {
    options.onRevoked?.(grantId);
    if (ctx.oidc) endSignIn(provider, ctx.oidc).catch((error: unknown) => onError(error, ctx.req));
  });
  return provider;
};

/** Whether the grant of a JWT access token is active, and the token has the current token version. */
export const isGrantActive =
  (store: Storage['store'], tokenVersion: TokenVersion) =>
  async (claims: { readonly [name: string]: unknown }): Promise<boolean> => {
    const session = claims[CLAIMS.session];
    if (typeof session !== 'string' || claims[CLAIMS.tokenVersion] !== (await tokenVersion.current())) return false;
    return (await store.get(grantKey(session))) !== undefined;
  };
