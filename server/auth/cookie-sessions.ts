import type { IncomingHttpHeaders } from 'node:http';
import type { Account } from './accounts.ts';
import { SESSION_SECONDS } from '../base/token-lifetimes.ts';
import type { ServerClock } from '../base/server-clock.ts';
import { cookieHeader, mayBeSecure, readCookie } from '../http/cookie.ts';
import { ownerOf, type Principal, type SessionRevocations } from '../http/principal.ts';
import { digest, randomId } from '../base/crypto.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import type { Store } from '../base/store.ts';

const SECURE_NAME = '__Host-keeper-session';
const PLAIN_NAME = 'keeper-session';

export const COOKIE_SESSION = object({ sub: string, name: string, expiresAt: number });

/** The sign-in method `ticket`: a session in an HttpOnly cookie, which no script can read. */
export type CookieSessions = {
  /** Returns the `Set-Cookie` header. */
  start(account: Account, headers: IncomingHttpHeaders): Promise<string>;
  /** Returns the `Set-Cookie` header that removes the cookie. */
  revoke(headers: IncomingHttpHeaders): Promise<string>;
  revokeAll(): Promise<void>;
  verify(headers: IncomingHttpHeaders): Promise<Principal | undefined>;
  /** Whether the request carries the cookie, valid or not. */
  isPresent(headers: IncomingHttpHeaders): boolean;
};

const nameFor = (headers: IncomingHttpHeaders): string => (mayBeSecure(headers) ? SECURE_NAME : PLAIN_NAME);
/** Where a session is, by the digest of its cookie. */
export const cookieSessionKey = (cookieDigest: string): string => `cookie-session/${cookieDigest}`;
const keyOf = (cookie: string): string => cookieSessionKey(digest(cookie));
const sessionOf = (cookie: string): string => `cookie:${digest(cookie)}`;

export const createCookieSessions = (services: {
  store: Store;
  clock: ServerClock;
  revocations: SessionRevocations;
}): CookieSessions => {
  const { store, clock, revocations } = services;
  const cookieOf = (headers: IncomingHttpHeaders): string | undefined => readCookie(headers.cookie, nameFor(headers));
  const setCookie = (headers: IncomingHttpHeaders, value: string, maxAgeSeconds: number): string =>
    cookieHeader(nameFor(headers), value, { secure: mayBeSecure(headers), maxAgeSeconds });
  return {
    async start(account, headers) {
      const cookie = randomId();
      const expiresAt = clock.now() + SESSION_SECONDS * 1000;
      const session = { sub: account.username, name: account.name, expiresAt };
      await store.put(keyOf(cookie), session, { ttlMs: SESSION_SECONDS * 1000, durable: true });
      return setCookie(headers, cookie, SESSION_SECONDS);
    },
    async revoke(headers) {
      const cookie = cookieOf(headers);
      if (cookie !== undefined) {
        await store.delete(keyOf(cookie), { durable: true });
        await revocations.revoke(sessionOf(cookie));
      }
      return setCookie(headers, '', 0);
    },
    async revokeAll() {
      await store.deleteAll('cookie-session/');
    },
    async verify(headers) {
      const cookie = cookieOf(headers);
      if (cookie === undefined) return undefined;
      const session = COOKIE_SESSION.read(await store.get(keyOf(cookie)));
      if (!session || session.expiresAt <= clock.now()) return undefined;
      const { sub, name, expiresAt } = session;
      return { owner: ownerOf(sub), sub, name, expiresAt, session: sessionOf(cookie) };
    },
    isPresent: (headers) => cookieOf(headers) !== undefined,
  };
};
