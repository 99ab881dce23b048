import type { IncomingHttpHeaders } from 'node:http';
import type { DpopChecker } from './dpop/dpop.ts';
import { DPOP_ALGORITHMS } from './dpop/proof-signature.ts';
import { isOwnPage, type Origins } from '../http/origins.ts';
import { TooManyUnknownTokens } from './opaque-tokens.ts';
import type { PasswordTokens } from './password-tokens.ts';
import type { Principal } from '../http/principal.ts';
import { ProviderUnavailable, type TokenVerifier } from './token-verifier.ts';
import type { CookieSessions } from './cookie-sessions.ts';

/** The credential that a request carries, valid or not. */
export type CredentialType = 'none' | 'bearer' | 'dpop' | 'cookie';

/** `challenge` is the `WWW-Authenticate` value (RFC 6750 §3, RFC 9449 §7.1). */
export type AuthResult =
  | { type: 'granted'; principal: Principal }
  | { type: 'refused'; status: 401; code: string; detail: string; challenge: string }
  | { type: 'forbidden'; status: 403; code: string; detail: string }
  | { type: 'limited'; status: 429; code: string; detail: string; waitSeconds: number }
  | { type: 'unavailable'; status: 503; code: string; detail: string };

/** `address`: of the client. */
export type AuthRequest = { method: string; path: string; headers: IncomingHttpHeaders; address: string };

export type AuthServices = {
  origins: Origins;
  passwordTokens: PasswordTokens;
  tokenVerifier: TokenVerifier;
  cookieSessions: CookieSessions;
  dpopChecker: DpopChecker;
};

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const AUTHORIZATION = /^(bearer|dpop) ([A-Za-z0-9._~+/-]+=*)$/i;
const ALGORITHMS = `algs="${DPOP_ALGORITHMS.join(' ')}"`;

const refused = (scheme: 'bearer' | 'dpop', code: string, detail: string): AuthResult => {
  const challenge = scheme === 'dpop' ? `DPoP error="${code}", ${ALGORITHMS}` : `Bearer error="${code}"`;
  return { type: 'refused', status: 401, code, detail, challenge };
};

/** The session goes on, later. A 401 would end it. */
export const UNPROVEN = {
  type: 'unavailable',
  status: 503,
  code: 'device-unproven',
  detail: 'The browser could not prove its device now.',
} as const satisfies AuthResult;
/** How long (s) a browser takes to try again. */
export const UNPROVEN_RETRY_SECONDS = 5;

const UNAUTHENTICATED: AuthResult = {
  type: 'refused',
  status: 401,
  code: 'unauthorized',
  detail: 'This request requires a signed-in session.',
  challenge: `Bearer, DPoP ${ALGORITHMS}`,
};

export const credentialTypeOf = (headers: IncomingHttpHeaders, cookieSessions: CookieSessions): CredentialType => {
  const scheme = /^(bearer|dpop)\b/i.exec(headers.authorization ?? '')?.[1]?.toLowerCase();
  if (scheme === 'bearer' || scheme === 'dpop') return scheme;
  return cookieSessions.isPresent(headers) ? 'cookie' : 'none';
};

const byCookie = async (request: AuthRequest, services: AuthServices): Promise<AuthResult> => {
  const verdict = await services.cookieSessions.verify(request.headers);
  if (verdict.type === 'none') return UNAUTHENTICATED;
  if (verdict.type === 'unproven') return UNPROVEN;
  // The browser attaches a cookie to the requests of other sites' pages too (CSRF); it attaches no token.
  if (!SAFE_METHODS.has(request.method) && !isOwnPage(request.headers, services.origins)) {
    const detail = 'A change that a cookie authorizes must come from a page of this origin.';
    return { type: 'forbidden', status: 403, code: 'cross-origin', detail };
  }
  return { type: 'granted', principal: verdict.principal };
};

const byToken = async (
  request: AuthRequest,
  services: AuthServices,
  { scheme, token }: { scheme: 'bearer' | 'dpop'; token: string },
): Promise<AuthResult> => {
  const { passwordTokens, tokenVerifier, dpopChecker, origins } = services;
  if (passwordTokens.isAccessToken(token)) {
    const principal = scheme === 'bearer' ? await passwordTokens.verify(token) : undefined;
    return principal
      ? { type: 'granted', principal }
      : refused(scheme, 'invalid_token', 'The access token is not valid.');
  }
  const verified = await tokenVerifier.verify(token, scheme, request.address);
  if (!verified) return refused(scheme, 'invalid_token', 'The access token is not valid.');
  if (scheme === 'bearer') {
    // RFC 9449 §7.2: a server must not accept a bound token without its proof.
    return verified.jkt === undefined
      ? { type: 'granted', principal: verified }
      : refused(scheme, 'invalid_token', 'The access token is bound to a key.');
  }
  const proof = request.headers['dpop'];
  if (typeof proof !== 'string') return refused(scheme, 'invalid_dpop_proof', 'The DPoP proof is missing.');
  const urls = origins.map((origin) => origin + request.path);
  const result = await dpopChecker.check({ proof, method: request.method, urls, accessToken: token });
  if (!result.ok) return refused(scheme, result.error, result.detail);
  return verified.jkt === result.thumbprint
    ? { type: 'granted', principal: verified }
    : refused(scheme, 'invalid_token', 'The access token is bound to another key.');
};

/**
 * Finds the principal of a request. An `Authorization` header takes precedence over a cookie: a request with an invalid
 * header fails, even if its cookie is valid.
 */
export const authenticate = async (request: AuthRequest, services: AuthServices): Promise<AuthResult> => {
  const { authorization } = request.headers;
  if (authorization === undefined) return byCookie(request, services);
  const [, scheme, token] = AUTHORIZATION.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined) return UNAUTHENTICATED;
  try {
    return await byToken(request, services, { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token });
  } catch (error) {
    if (error instanceof TooManyUnknownTokens) {
      const { message: detail, waitSeconds } = error;
      return { type: 'limited', status: 429, code: 'rate-limited', detail, waitSeconds };
    }
    if (!(error instanceof ProviderUnavailable)) throw error;
    return { type: 'unavailable', status: 503, code: 'provider-down', detail: error.message };
  }
};
