import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { DEFAULT_ACCESS_SECONDS } from '../../src/protocol/timing/lifetimes.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';
import type { ServerClock } from '../base/server-clock.ts';
import { createOpaqueTokens } from './opaque-tokens.ts';
import { ownerOf, type Principal } from '../http/principal.ts';
import { setBounded } from '../base/bounded-map.ts';
import { digest } from '../base/crypto.ts';

/** A valid access token of an identity provider. `jkt`: thumbprint of the DPoP key to which it is bound, if any. */
export type VerifiedToken = Principal & { jkt?: string | undefined };

export type TokenVerifier = {
  /**
   * Resolves with `undefined` for an invalid token. Rejects with `ProviderUnavailable` when that is unknown. Rejects
   * with `TooManyUnknownTokens` when this address sent too many tokens that the provider does not know.
   */
  verify(accessToken: string, scheme: 'bearer' | 'dpop', address: string): Promise<VerifiedToken | undefined>;
  /** Rejects from now on every token that this verifier has accepted before. */
  rejectAccepted(): void;
};

export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

export type TokenVerifierOptions = {
  issuer: string;
  clientId: string;
  /** Origin at which this process reaches the provider, if it is not the issuer. */
  internalUrl?: string | undefined;
  /** Audience that access tokens must have. Without it, their client must be `clientId`. */
  audience?: string | undefined;
  /** Whether the provider's subjects are the accounts of this server. */
  embedded: boolean;
  /** Whether the grant of a token is still active. Only the embedded provider can check this. */
  isGrantActive?: ((claims: JsonObject) => Promise<boolean>) | undefined;
  clock: ServerClock;
  /** Why a token was refused. Operators look for this when a new provider is set up. */
  onRefused?: ((reason: RefusalReason) => void) | undefined;
};

type SignedToken = { claims: JsonObject; verified: VerifiedToken };

type Metadata = { issuer: string; jwksUri: string; userinfo?: string | undefined; introspection?: string | undefined };

const RESPONSE_TIMEOUT_MS = 5_000;
/** How long the verifier does not look for new signing keys after a token with an unknown key. Anyone can send one. */
const KEYS_COOLDOWN_MS = 60_000;
/** Assumed lifetime of an opaque token without an expiry: the sockets that it authorizes close after it. */
const OPAQUE_LIFETIME_MS = DEFAULT_ACCESS_SECONDS * 1000;
const MAX_TOKENS = 10_000;

const isJwt = (token: string): boolean => token.split('.').length === 3;

const fetchJson = async (url: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> => {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS) });
    return { status: response.status, body: parseJson(await response.text()) };
  } catch (cause) {
    throw new ProviderUnavailable('The identity provider does not respond.', { cause });
  }
};

/** Microsoft Entra ID names the tenant so where the sign-in decides which one it is. */
const TENANT = '{tenantid}';

const withoutSlash = (issuer: string): string => issuer.replace(/\/$/, '');

/** Rejects with `ProviderUnavailable`, whose message names the setting to look at. */
export const discoverProvider = async (issuer: string, baseUrl: string): Promise<Metadata> => {
  const { status, body } = await fetchJson(`${baseUrl.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const jwksUri = isObject(body) ? stringAt(body, 'jwks_uri') : undefined;
  const stated = isObject(body) ? stringAt(body, 'issuer') : undefined;
  if (!isObject(body) || jwksUri === undefined || stated === undefined)
    throw new ProviderUnavailable(`${issuer} has no valid discovery document (status ${status}). Check OIDC_ISSUER.`);
  if (withoutSlash(stated) !== withoutSlash(issuer) && !stated.includes(TENANT))
    throw new ProviderUnavailable(`The metadata of ${issuer} name the issuer ${stated}. Set OIDC_ISSUER to it.`);
  return {
    issuer: stated,
    jwksUri,
    userinfo: stringAt(body, 'userinfo_endpoint'),
    introspection: stringAt(body, 'introspection_endpoint'),
  };
};

/**
 * The same key signs ID tokens, which must not pass as access tokens (RFC 9068 §5). Providers older than that RFC do not
 * set the type `at+jwt`. Their access tokens have a scope or a client.
 */
const isAccessToken = (token: string, claims: JsonObject): boolean => {
  const type = decodeProtectedHeader(token).typ?.toLowerCase();
  if (type === 'at+jwt' || type === 'application/at+jwt') return true;
  if (stringAt(claims, 'typ') === 'ID' || own(claims, 'nonce') !== undefined || own(claims, 'at_hash') !== undefined)
    return false;
  return ['scope', 'scp', 'client_id', 'cid'].some((name) => own(claims, name) !== undefined);
};

const audiencesIn = (claims: JsonObject): readonly unknown[] => [own(claims, 'aud')].flat();

/** RFC 9068 says `client_id`. Okta says `cid`, Microsoft Entra ID `azp` or `appid`, and OpenID providers `azp`. */
const CLIENT_CLAIMS = ['client_id', 'cid', 'azp', 'appid'] as const;

/** An external provider issues tokens to other clients too, which this server must reject. */
const isForClient = (claims: JsonObject, clientId: string): boolean =>
  CLIENT_CLAIMS.some((name) => stringAt(claims, name) === clientId) || audiencesIn(claims).includes(clientId);

/** Amazon Cognito gives its access tokens no audience. Then their client has to be ours (RFC 9068 §2.2 wants one). */
const isForAudience = (claims: JsonObject, audience: string, clientId: string): boolean =>
  own(claims, 'aud') === undefined ? isForClient(claims, clientId) : audiencesIn(claims).includes(audience);

/** Why a signed token is refused. */
export type RefusalReason =
  | 'signature'
  | 'issuer'
  | 'expired'
  | 'no expiry'
  | 'not an access token'
  | 'another audience'
  | 'another client'
  | 'no subject';

/** By the codes of jose (https://github.com/panva/jose/blob/main/docs/util/errors/README.md). */
const reasonOf = (error: errors.JOSEError): RefusalReason => {
  if (error instanceof errors.JWTExpired) return 'expired';
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss' ? 'issuer' : 'signature';
};

const nameIn = (claims: JsonObject): string | undefined =>
  stringAt(claims, 'name') ?? stringAt(claims, 'preferred_username');

const thumbprintIn = (claims: JsonObject): string | undefined => {
  const confirmation = own(claims, 'cnf');
  return isObject(confirmation) ? stringAt(confirmation, 'jkt') : undefined;
};

const formOf = (fields: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(fields) });

export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier => {
  const { issuer, clientId, clock } = options;
  let discovery: Promise<{ metadata: Metadata; keys: ReturnType<typeof createRemoteJWKSet> }> | undefined;
  /** JWTs with a valid signature, by digest. */
  const signed = new Map<string, SignedToken>();
  const opaque = createOpaqueTokens<VerifiedToken>(() => performance.now());
  const accepted = new Map<string, true>();
  const rejected = new Set<string>();

  const provider = (): NonNullable<typeof discovery> => {
    discovery ??= discoverProvider(issuer, options.internalUrl ?? issuer).then(
      (metadata) => ({
        metadata,
        keys: createRemoteJWKSet(new URL(metadata.jwksUri), {
          timeoutDuration: RESPONSE_TIMEOUT_MS,
          cooldownDuration: KEYS_COOLDOWN_MS,
        }),
      }),
      (error: unknown) => {
        discovery = undefined;
        throw error;
      },
    );
    return discovery;
  };

  const fromClaims = (claims: JsonObject, expiresAt: number): VerifiedToken | undefined => {
    const sub = stringAt(claims, 'sub');
    if (!sub) return undefined;
    const owner = ownerOf(sub, options.embedded ? undefined : issuer);
    const session = `provider:${stringAt(claims, 'sid') ?? owner}`;
    return { owner, sub, name: nameIn(claims) ?? sub, session, expiresAt, jkt: thumbprintIn(claims) };
  };

  const refuse = (reason: RefusalReason): undefined => {
    options.onRefused?.(reason);
    return undefined;
  };

  const verifySignature = async (token: string): Promise<JWTPayload | undefined> => {
    const { keys, metadata } = await provider();
    try {
      const { payload } = await jwtVerify(token, keys, { currentDate: new Date(clock.now()) });
      const tenant = stringAt(payload, 'tid') ?? '';
      return payload.iss === metadata.issuer.replace(TENANT, () => tenant) ? payload : refuse('issuer');
    } catch (cause) {
      if (cause instanceof errors.JWKSTimeout)
        throw new ProviderUnavailable('The identity provider does not return its keys.', { cause });
      if (cause instanceof errors.JOSEError && cause.code !== 'ERR_JOSE_GENERIC') return refuse(reasonOf(cause));
      throw new ProviderUnavailable('The identity provider does not return its keys.', { cause });
    }
  };

  const readJwt = async (token: string): Promise<SignedToken | undefined> => {
    const claims = await verifySignature(token);
    if (!claims) return undefined;
    if (typeof claims.exp !== 'number') return refuse('no expiry');
    if (!isAccessToken(token, claims)) return refuse('not an access token');
    const { audience } = options;
    if (audience === undefined && !isForClient(claims, clientId)) return refuse('another client');
    if (audience !== undefined && !isForAudience(claims, audience, clientId)) return refuse('another audience');
    const verified = fromClaims(claims, claims.exp * 1000);
    return verified ? { claims, verified } : refuse('no subject');
  };

  /** A signature stays valid. What may change is checked each time: the expiry, and whether the grant is active. */
  const verifyJwt = async (token: string, key: string): Promise<VerifiedToken | undefined> => {
    const found = signed.get(key) ?? (await readJwt(token));
    if (!found || found.verified.expiresAt <= clock.now()) return undefined;
    if (options.isGrantActive && !(await options.isGrantActive(found.claims))) return undefined;
    if (!signed.has(key)) setBounded(signed, key, found, MAX_TOKENS);
    return found.verified;
  };

  /** RFC 7662: only introspection returns the key to which an opaque token is bound. */
  const introspect = async (token: string): Promise<VerifiedToken | undefined> => {
    const { metadata } = await provider();
    if (metadata.introspection === undefined) return undefined;
    const { status, body } = await fetchJson(metadata.introspection, formOf({ token, client_id: clientId }));
    if (status >= 500) throw new ProviderUnavailable(`The introspection endpoint answered ${status}.`);
    if (!isObject(body) || own(body, 'active') !== true || !isForClient(body, clientId)) return undefined;
    const seconds = numberAt(body, 'exp');
    return fromClaims(body, seconds === undefined ? clock.now() + OPAQUE_LIFETIME_MS : seconds * 1000);
  };

  const fetchUserinfo = async (token: string): Promise<VerifiedToken | undefined> => {
    const { metadata } = await provider();
    if (metadata.userinfo === undefined) return undefined;
    const { status, body } = await fetchJson(metadata.userinfo, { headers: { authorization: `Bearer ${token}` } });
    if (status >= 500 || status === 429) throw new ProviderUnavailable(`The userinfo endpoint answered ${status}.`);
    return status === 200 && isObject(body) ? fromClaims(body, clock.now() + OPAQUE_LIFETIME_MS) : undefined;
  };

  return {
    async verify(token, scheme, address) {
      const key = digest(token);
      if (rejected.has(key)) return undefined;
      const ask = (): Promise<VerifiedToken | undefined> =>
        scheme === 'dpop' ? introspect(token) : fetchUserinfo(token);
      const verified = await (isJwt(token) ? verifyJwt(token, key) : opaque.verify(key, address, ask));
      if (verified) setBounded(accepted, key, true, MAX_TOKENS);
      return verified;
    },
    rejectAccepted() {
      for (const token of accepted.keys()) rejected.add(token);
      accepted.clear();
      signed.clear();
      opaque.clear();
    },
  };
};
