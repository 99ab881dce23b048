import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/json.ts';
import { systemNow, type Clock } from '../base/clock.ts';
import { ownerOf, type Principal } from '../http/principal.ts';
import { remember } from '../base/bounded-map.ts';
import { digest } from '../base/crypto.ts';

/** An access token that an identity provider vouches for; `jkt` where it is bound to a DPoP key. */
export type VerifiedToken = Principal & { jkt?: string | undefined };

export type TokenVerifier = {
  /** Throws `ProviderDown` when the provider cannot be asked: that is no verdict on the token. */
  verify(accessToken: string, scheme: 'bearer' | 'dpop'): Promise<VerifiedToken | undefined>;
  /** Refuses from now on every token that was ever shown here. */
  rejectSeen(): void;
};

export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderDown';
}

export type TokenVerifierOptions = {
  issuer: string;
  clientId: string;
  /** Where this process reaches the provider, if not under its public name. */
  internalUrl?: string | undefined;
  /** Audience that access tokens must have; absent for a foreign provider, where the client must match. */
  audience?: string | undefined;
  /** Whether people of this provider are the server's own accounts. */
  embedded: boolean;
  /** What only the embedded provider can tell of its tokens: whether their grant still stands. */
  isGrantActive?: ((claims: JsonObject) => Promise<boolean>) | undefined;
  clock: Clock;
};

type Metadata = { issuer: string; jwksUri: string; userinfo?: string | undefined; introspection?: string | undefined };

const ANSWER_WITHIN_MS = 5_000;
/** A userinfo or introspection answer is believed this long. */
const OPAQUE_CACHE_MS = 5_000;
/** How long a socket may live on an opaque token that tells no end. */
const OPAQUE_LIFE_MS = 300_000;
const MAX_SEEN = 10_000;

const isJwt = (token: string): boolean => token.split('.').length === 3;

const fetchJson = async (url: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> => {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { status: response.status, body: parseJson(await response.text()) };
  } catch (cause) {
    throw new ProviderUnavailable('The identity provider does not answer.', { cause });
  }
};

const discover = async (issuer: string, reachedAt: string): Promise<Metadata> => {
  const { status, body } = await fetchJson(`${reachedAt.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const jwksUri = isObject(body) ? stringAt(body, 'jwks_uri') : undefined;
  if (!isObject(body) || jwksUri === undefined || stringAt(body, 'issuer') !== issuer) {
    throw new ProviderUnavailable(`No discovery document of ${issuer} (status ${status}).`);
  }
  return {
    issuer,
    jwksUri,
    userinfo: stringAt(body, 'userinfo_endpoint'),
    introspection: stringAt(body, 'introspection_endpoint'),
  };
};

/**
 * An ID token is signed by the same key and must not pass as an access token (RFC 9068 §5). Providers from before
 * that RFC do not set its type; their access tokens name what they are good for, or whom they were given to.
 */
const isAccessToken = (token: string, claims: JsonObject): boolean => {
  const type = decodeProtectedHeader(token).typ?.toLowerCase();
  if (type === 'at+jwt' || type === 'application/at+jwt') return true;
  if (stringAt(claims, 'typ') === 'ID' || own(claims, 'nonce') !== undefined || own(claims, 'at_hash') !== undefined)
    return false;
  return ['scope', 'scp', 'client_id', 'cid'].some((name) => own(claims, name) !== undefined);
};

/** A foreign provider serves other clients too; theirs are not ours to accept. */
const isForClient = (claims: JsonObject, clientId: string): boolean => {
  const audience = own(claims, 'aud');
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return (
    stringAt(claims, 'client_id') === clientId || stringAt(claims, 'azp') === clientId || audiences.includes(clientId)
  );
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
  let known: Promise<{ metadata: Metadata; keys: ReturnType<typeof createRemoteJWKSet> }> | undefined;
  const opaque = new Map<string, { verified: VerifiedToken; until: number }>();
  const seen = new Map<string, true>();
  const refused = new Set<string>();

  const provider = (): NonNullable<typeof known> => {
    known ??= discover(issuer, options.internalUrl ?? issuer).then(
      (metadata) => ({
        metadata,
        keys: createRemoteJWKSet(new URL(metadata.jwksUri), { timeoutDuration: ANSWER_WITHIN_MS }),
      }),
      (error: unknown) => {
        known = undefined;
        throw error;
      },
    );
    return known;
  };

  const verifiedBy = (claims: JsonObject, expiresAt: number): VerifiedToken | undefined => {
    const sub = stringAt(claims, 'sub');
    if (!sub) return undefined;
    const owner = ownerOf(sub, options.embedded ? undefined : issuer);
    const session = `provider:${stringAt(claims, 'sid') ?? owner}`;
    return { owner, sub, name: nameIn(claims) ?? sub, session, expiresAt, jkt: thumbprintIn(claims) };
  };

  const verifyJwt = async (token: string): Promise<JWTPayload | undefined> => {
    const { keys } = await provider();
    try {
      const audience = options.audience === undefined ? {} : { audience: options.audience };
      const { payload } = await jwtVerify(token, keys, { issuer, ...audience, currentDate: new Date(clock.now()) });
      return payload;
    } catch (cause) {
      if (cause instanceof errors.JWKSTimeout)
        throw new ProviderUnavailable('The identity provider gives no keys.', { cause });
      if (cause instanceof errors.JOSEError && cause.code !== 'ERR_JOSE_GENERIC') return undefined;
      throw new ProviderUnavailable('The identity provider gives no keys.', { cause });
    }
  };

  const checkJwt = async (token: string): Promise<VerifiedToken | undefined> => {
    const claims = await verifyJwt(token);
    if (!claims || typeof claims.exp !== 'number' || !isAccessToken(token, claims)) return undefined;
    if (options.audience === undefined && !isForClient(claims, clientId)) return undefined;
    if (options.isGrantActive && !(await options.isGrantActive(claims))) return undefined;
    return verifiedBy(claims, claims.exp * 1000);
  };

  /** RFC 7662; the only way to learn the key that an opaque token is bound to. */
  const introspect = async (token: string): Promise<VerifiedToken | undefined> => {
    const { metadata } = await provider();
    if (metadata.introspection === undefined) return undefined;
    const { status, body } = await fetchJson(metadata.introspection, formOf({ token, client_id: clientId }));
    if (status >= 500) throw new ProviderUnavailable(`Introspection answers ${status}.`);
    if (!isObject(body) || own(body, 'active') !== true || !isForClient(body, clientId)) return undefined;
    const seconds = numberAt(body, 'exp');
    return verifiedBy(body, seconds === undefined ? clock.now() + OPAQUE_LIFE_MS : seconds * 1000);
  };

  const fetchUserinfo = async (token: string): Promise<VerifiedToken | undefined> => {
    const { metadata } = await provider();
    if (metadata.userinfo === undefined) return undefined;
    const { status, body } = await fetchJson(metadata.userinfo, { headers: { authorization: `Bearer ${token}` } });
    if (status >= 500 || status === 429) throw new ProviderUnavailable(`Userinfo answers ${status}.`);
    return status === 200 && isObject(body) ? verifiedBy(body, clock.now() + OPAQUE_LIFE_MS) : undefined;
  };

  const checkOpaque = async (token: string, scheme: 'bearer' | 'dpop'): Promise<VerifiedToken | undefined> => {
    const key = digest(token);
    const cached = opaque.get(key);
    if (cached && cached.until > systemNow()) return cached.verified;
    opaque.delete(key);
    const verified = await (scheme === 'dpop' ? introspect(token) : fetchUserinfo(token));
    if (verified) remember(opaque, key, { verified, until: systemNow() + OPAQUE_CACHE_MS }, MAX_SEEN);
    return verified;
  };

  return {
    async verify(token, scheme) {
      if (refused.has(digest(token))) return undefined;
      const verified = await (isJwt(token) ? checkJwt(token) : checkOpaque(token, scheme));
      if (verified) remember(seen, digest(token), true, MAX_SEEN);
      return verified;
    },
    rejectSeen() {
      for (const token of seen.keys()) refused.add(token);
      seen.clear();
      opaque.clear();
    },
  };
};
