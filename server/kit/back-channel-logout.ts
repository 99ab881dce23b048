import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { isObject, own, stringAt } from '../../src/protocol/schema/json.ts';
import { discoverProvider, ProviderUnavailable } from '../auth/token-verifier.ts';
import { setBounded } from '../base/bounded-map.ts';

/** Whose session the provider has ended: one session (`sid`), or all of a user (`sub` alone). */
export type EndedSession = { sub?: string | undefined; sid?: string | undefined };

export type BackChannelOptions = {
  issuer: string;
  clientId: string;
  /** Ends the session in your application: its cookie, and its sockets with `hub.revoke`. A rejection makes the provider try again. */
  onLogout(ended: EndedSession): void | Promise<void>;
  /** Milliseconds since the Unix epoch. Default: the system's clock. */
  now?: () => number;
};

/** What your route sends. */
export type BackChannelAnswer = { status: 200 | 400 | 503; headers: { readonly [name: string]: string }; body: string };

export type BackChannelLogout = {
  /** `form`: the body of the provider's POST, `application/x-www-form-urlencoded`. Never rejects. */
  handle(form: string | URLSearchParams): Promise<BackChannelAnswer>;
};

/** https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const MAX_TOKEN_LENGTH = 16_384;
const MAX_REMEMBERED = 10_000;
const TOLERANCE_S = 60;
/** A logout token is for now. One without `exp` counts for so long after `iat`. */
const MAX_AGE_S = 120;

/** §2.5 wants no cache. */
const HEADERS = { 'cache-control': 'no-store', 'content-type': 'application/json' };

const answer = (status: BackChannelAnswer['status'], error?: string): BackChannelAnswer => ({
  status,
  headers: HEADERS,
  body: error === undefined ? '' : JSON.stringify({ error: 'invalid_request', error_description: error }),
});

/** Why these claims are no logout token (§2.6), if they are none. An ID token with the same signature must not pass. */
const faultOf = (claims: JWTPayload): string | undefined => {
  const events = own(claims, 'events');
  if (!isObject(events) || !isObject(own(events, EVENT))) return 'The token has no logout event.';
  if (own(claims, 'nonce') !== undefined) return 'The token has a nonce, so it is an ID token.';
  if (stringAt(claims, 'jti') === undefined) return 'The token has no jti.';
  return (stringAt(claims, 'sub') ?? stringAt(claims, 'sid')) ? undefined : 'The token names no session and no user.';
};

/**
 * Ends sessions that the provider has ended (OpenID Connect Back-Channel Logout 1.0). Register the address of your route there
 * as `backchannel_logout_uri`. Pages learn of it when their sockets close, or with their next request.
 *
 * @example
 * import { createBackChannelLogout } from 'session-keeper/server';
 * const logout = createBackChannelLogout({
 *   issuer: 'https://id.example',
 *   clientId: 'abc',
 *   onLogout: ({ sub, sid }) => console.log('ended', sid ?? sub),
 * });
 * const { status } = await logout.handle('logout_token=…');
 */
export const createBackChannelLogout = (options: BackChannelOptions): BackChannelLogout => {
  const { issuer, clientId, onLogout, now = Date.now } = options;
  let provider: Promise<{ issuer: string; keys: ReturnType<typeof createRemoteJWKSet> }> | undefined;
  const handled = new Map<string, true>();

  const discover = (): NonNullable<typeof provider> => {
    provider ??= discoverProvider(issuer, issuer).then((metadata) => ({
      issuer: metadata.issuer,
      keys: createRemoteJWKSet(new URL(metadata.jwksUri)),
    }));
    provider.catch(() => (provider = undefined));
    return provider;
  };

  const verify = async (token: string): Promise<JWTPayload> => {
    const { keys, issuer: stated } = await discover();
    const { payload } = await jwtVerify(token, keys, {
      ...{ issuer: stated, audience: clientId, currentDate: new Date(now()), clockTolerance: TOLERANCE_S },
      maxTokenAge: MAX_AGE_S,
    });
    return payload;
  };

  const end = async (claims: JWTPayload): Promise<BackChannelAnswer> => {
    const id = stringAt(claims, 'jti') ?? '';
    // The provider repeats a request whose answer it did not get.
    if (!handled.has(id)) await onLogout({ sub: stringAt(claims, 'sub'), sid: stringAt(claims, 'sid') });
    setBounded(handled, id, true, MAX_REMEMBERED);
    return answer(200);
  };

  return {
    async handle(form) {
      const token = new URLSearchParams(form).get('logout_token');
      if (token === null || token.length > MAX_TOKEN_LENGTH) return answer(400, 'There is no logout_token.');
      try {
        const claims = await verify(token);
        const fault = faultOf(claims);
        return fault === undefined ? await end(claims) : answer(400, fault);
      } catch (error) {
        if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout))
          return answer(400, error.message);
        // The provider tries again (§2.8).
        return answer(503, error instanceof ProviderUnavailable ? error.message : 'The session could not be ended.');
      }
    },
  };
};
