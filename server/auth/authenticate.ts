import type { IncomingHttpHeaders } from 'node:http';
import { DPOP_ALGORITHMS, type DpopChecker } from './dpop.ts';
import { isOwnPage, type Origins } from '../http/origins.ts';
import type { PasswordTokens } from './password-tokens.ts';
import type { Principal } from '../http/principal.ts';
import { ProviderUnavailable, type TokenVerifier } from './token-verifier.ts';
import type { CookieSessions } from './cookie-sessions.ts';

/** How a request proves who it is from, whether or not the proof holds. */
export type CredentialType = 'none' | 'bearer' | 'dpop' | 'cookie';

/** `challenge` is the `WWW-Authenticate` value (RFC 6750 §3, RFC 9449 §7.1). */
export type AuthResult =
  | { type: 'granted'; principal: Principal }
  | { type: 'refused'; status: 401; code: string; detail: string; challenge: string }
  | { type: 'forbidden'; status: 403; code: string; detail: string }
  | { type: 'unavailable'; status: 503; code: string; detail: string };

export type AuthRequest = { method: string; path: string; headers: IncomingHttpHeaders };

export type AuthServices = {
  origins: Origins;
  password: PasswordTokens;
  provider: TokenVerifier;
  cookies: CookieSessions;
  dpop: DpopChecker;
};

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const CREDENTIALS = /^(bearer|dpop) ([A-Za-z0-9._~+/-]+=*)$/i;
const ALGORITHMS = `algs="${DPOP_ALGORITHMS.join(' ')}"`;

const refused = (scheme: 'bearer' | 'dpop', code: string, detail: string): AuthResult => {
  const challenge = scheme === 'dpop' ? `DPoP error="${code}", ${ALGORITHMS}` : `Bearer error="${code}"`;
  return { type: 'refused', status: 401, code, detail, challenge };
};

const NOBODY: AuthResult = {
  type: 'refused',
  status: 401,
  code: 'unauthorized',
  detail: 'This needs a signed-in session.',
  challenge: `Bearer, DPoP ${ALGORITHMS}`,
};

export const credentialTypeOf = (headers: IncomingHttpHeaders, cookies: CookieSessions): CredentialType => {
  const scheme = /^(bearer|dpop)\b/i.exec(headers.authorization ?? '')?.[1]?.toLowerCase();
  if (scheme === 'bearer' || scheme === 'dpop') return scheme;
  return cookies.isPresent(headers) ? 'cookie' : 'none';
};

const byCookie = async (request: AuthRequest, parts: AuthServices): Promise<AuthResult> => {
  const principal = await parts.cookies.check(request.headers);
  if (!principal) return NOBODY;
  // A cookie rides along with whatever page makes the request; a token does not.
  if (!SAFE_METHODS.has(request.method) && !isOwnPage(request.headers, parts.origins)) {
    const detail = 'A change that is authorized by a cookie must come from a page of this origin.';
    return { type: 'forbidden', status: 403, code: 'cross-origin', detail };
  }
  return { type: 'granted', principal };
};

const byToken = async (
  request: AuthRequest,
  parts: AuthServices,
  scheme: 'bearer' | 'dpop',
  token: string,
): Promise<AuthResult> => {
  if (parts.password.isAccessToken(token)) {
    const principal = scheme === 'bearer' ? await parts.password.verify(token) : undefined;
    return principal
      ? { type: 'granted', principal }
      : refused(scheme, 'invalid_token', 'The access token is not valid.');
  }
  const verified = await parts.provider.verify(token, scheme);
  if (!verified) return refused(scheme, 'invalid_token', 'The access token is not valid.');
  if (scheme === 'bearer') {
    // RFC 9449 §7.2: a bound token must not be accepted without its proof.
    return verified.jkt === undefined
      ? { type: 'granted', principal: verified }
      : refused(scheme, 'invalid_token', 'The access token is bound to a key.');
  }
  const proof = request.headers['dpop'];
  if (typeof proof !== 'string') return refused(scheme, 'invalid_dpop_proof', 'The DPoP proof is missing.');
  const urls = parts.origins.map((origin) => origin + request.path);
  const verdict = await parts.dpop.check({ proof, method: request.method, urls, accessToken: token });
  if (!verdict.ok) return refused(scheme, verdict.error, verdict.detail);
  const bound = verified.jkt === verdict.thumbprint;
  return bound
    ? { type: 'granted', principal: verified }
    : refused(scheme, 'invalid_token', 'The access token is bound to another key.');
};

/** Decides who a request is from. A header is taken before a cookie; a wrong header is never mended by a cookie. */
export const authenticate = async (request: AuthRequest, parts: AuthServices): Promise<AuthResult> => {
  const { authorization } = request.headers;
  if (authorization === undefined) return byCookie(request, parts);
  const [, scheme, token] = CREDENTIALS.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined) return NOBODY;
  try {
    return await byToken(request, parts, scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    return { type: 'unavailable', status: 503, code: 'provider-down', detail: error.message };
  }
};
