import { isObject, numberAt, own, parseJson, stringAt } from './json.ts';
import type { User } from './snapshot.ts';

/** `GET whoami`: an HTML fallback page, a redirect target or an empty object proves nothing. */
export const parseWhoami = (text: string): User | undefined => {
  const body = parseJson(text);
  if (!isObject(body)) return undefined;
  const sub = stringAt(body, 'sub');
  return sub ? { sub, name: stringAt(body, 'name') } : undefined;
};

/** `GET status` of the ticket kind. */
export type CookieSessionStatus = { authenticated: true; user: User } | { authenticated: false };

export const parseCookieSessionStatus = (text: string): CookieSessionStatus | undefined => {
  const body = parseJson(text);
  if (!isObject(body)) return undefined;
  if (own(body, 'authenticated') === false) return { authenticated: false };
  const user = own(body, 'user');
  if (own(body, 'authenticated') !== true || !isObject(user)) return undefined;
  const sub = stringAt(user, 'sub');
  return sub ? { authenticated: true, user: { sub, name: stringAt(user, 'name') } } : undefined;
};

/** A single-use socket ticket, and for how many milliseconds it is fresh. */
export type SocketTicket = { ticket: string; freshForMs: number };

/** `b64token` of RFC 6750 §2.1: nothing that could break out of a header or a URL. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 16_384 && TOKEN.test(value);

const DEFAULT_TICKET_SECONDS = 30;

/** Accepts `{ticket, expires_in}` and the web app's `{token, expiresIn}`; seconds on the wire. */
export const parseSocketTicket = (text: string): SocketTicket | undefined => {
  const body = parseJson(text);
  if (!isObject(body)) return undefined;
  const ticket = stringAt(body, 'ticket') ?? stringAt(body, 'token');
  const seconds = numberAt(body, 'expires_in') ?? numberAt(body, 'expiresIn') ?? DEFAULT_TICKET_SECONDS;
  return isToken(ticket) ? { ticket, freshForMs: Math.max(0, seconds) * 1000 } : undefined;
};
