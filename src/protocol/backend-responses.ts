import { isObject, own, parseJson } from './schema/json.ts';
import { number, object, string, type Infer } from './schema/schema.ts';
import { boolean, optional, stringIn } from './schema/schema-types.ts';
import type { User } from './snapshot.ts';
import { DEFAULT_TICKET_SECONDS } from './timing/lifetimes.ts';

/** The response to `GET whoami`. An HTML fallback page, a redirect target or an empty object proves nothing. */
export const NAMED_USER = object({ sub: stringIn(1, Infinity), name: optional(string) });

/** The user with the claims of these names, where the answer has them. */
export const withClaims = (user: User, answer: unknown, names: readonly string[] = []): User => {
  const found = names.flatMap((name) => {
    const value = isObject(answer) ? own(answer, name) : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return found.length > 0 ? { ...user, claims: Object.fromEntries(found) } : user;
};

export const parseWhoami = (json: string, claims?: readonly string[]): User | undefined => {
  const answer = parseJson(json);
  const user = NAMED_USER.read(answer);
  return user && withClaims(user, answer, claims);
};

/** `GET status` of a cookie session. `deviceBound`: this request proved that it comes from the device that signed in. */
export const COOKIE_SESSION_STATUS = object({
  authenticated: boolean,
  user: optional(NAMED_USER),
  deviceBound: optional(boolean),
});
export type CookieSessionStatus = { authenticated: true; user: User; deviceBound: boolean } | { authenticated: false };

export const parseCookieSessionStatus = (json: string): CookieSessionStatus | undefined => {
  const {
    authenticated,
    user,
    deviceBound = false,
  }: Partial<Infer<typeof COOKIE_SESSION_STATUS>> = COOKIE_SESSION_STATUS.read(parseJson(json)) ?? {};
  if (authenticated === false) return { authenticated };
  return authenticated && user ? { authenticated, user, deviceBound } : undefined;
};

const MAX_TOKEN_LENGTH = 16_384;

const matches = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH && pattern.test(value);

/**
 * RFC 6749 appendix A.12: visible ASCII. Real tokens have `|` (Laravel Sanctum) and `!` (Salesforce), which `b64token` of
 * RFC 6750 §2.1 excludes. Nothing of it breaks out of a header.
 */
export const isAccessToken = (value: unknown): value is string =>
  matches(value, /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);

/** `b64token` of RFC 6750 §2.1: nothing that could break out of a header or a URL. */
export const isTicket = (value: unknown): value is string => matches(value, /^[A-Za-z0-9._~+/-]+=*$/);

/** `{ticket, expires_in}`, or the web app's `{token, expiresIn}`. Seconds. */
export const TICKET_RESPONSE = object({
  ticket: optional(string),
  token: optional(string),
  expires_in: optional(number),
  expiresIn: optional(number),
});

/** A single-use socket ticket, and for how many milliseconds it is fresh. */
export type SocketTicket = { ticket: string; freshForMs: number };

export const parseSocketTicket = (json: string): SocketTicket | undefined => {
  const response = TICKET_RESPONSE.read(parseJson(json));
  const ticket = response?.ticket ?? response?.token;
  const seconds = response?.expires_in ?? response?.expiresIn ?? DEFAULT_TICKET_SECONDS;
  return isTicket(ticket) ? { ticket, freshForMs: Math.max(0, seconds) * 1000 } : undefined;
};
