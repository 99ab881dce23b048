import type { IncomingHttpHeaders } from 'node:http';
import type { Account } from './accounts.ts';
import { SESSION_SECONDS } from '../base/token-lifetimes.ts';
import type { ServerClock } from '../base/server-clock.ts';
import { cookieHeader, mayBeSecure, readCookie } from '../http/cookie.ts';
import { ownerOf, type Principal, type SessionRevocations } from '../http/principal.ts';
import { digest, randomId } from '../base/crypto.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import type { Store } from '../base/store.ts';
import type { DeviceBoundSessions } from '../kit/device-bound/device-bound-sessions.ts';

const SECURE_NAME = '__Host-keeper-session';
const PLAIN_NAME = 'keeper-session';

export const COOKIE_SESSION = object({ sub: string, name: string, expiresAt: number });

/**
 * What the cookies of a request prove. `unproven`: the session is bound to a device, and the browser says that it could not
 * renew the proof now.
 */
export type CookieVerdict =
  | { type: 'granted'; principal: Principal; isDeviceBound: boolean }
  | { type: 'none' }
  | { type: 'unproven' };

/** The sign-in method `ticket`: a session in an HttpOnly cookie, which no script can read. */
export type CookieSessions = {
  /** Returns the headers of the response: the cookie, and what the browser needs to bind the session to its device. */
  start(account: Account, headers: IncomingHttpHeaders): Promise<Record<string, string>>;
  /** Returns the `Set-Cookie` headers that remove the cookies. */
  revoke(headers: IncomingHttpHeaders): Promise<readonly string[]>;
  revokeAll(): Promise<void>;
  verify(headers: IncomingHttpHeaders): Promise<CookieVerdict>;
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
  /** Binds each session to the device of its sign-in, in browsers that can. */
  deviceBound?: DeviceBoundSessions | undefined;
}): CookieSessions => {
  const { store, clock, revocations, deviceBound } = services;
  const cookieOf = (headers: IncomingHttpHeaders): string | undefined => readCookie(headers.cookie, nameFor(headers));
  const setCookie = (headers: IncomingHttpHeaders, value: string, maxAgeSeconds: number): string =>
    cookieHeader(nameFor(headers), value, { secure: mayBeSecure(headers), maxAgeSeconds });
  return {
    async start(account, headers) {
      const cookie = randomId();
      const expiresAt = clock.now() + SESSION_SECONDS * 1000;
      const session = { sub: account.username, name: account.name, expiresAt };
      await store.put(keyOf(cookie), session, { ttlMs: SESSION_SECONDS * 1000, durable: true });
      return {
        'set-cookie': setCookie(headers, cookie, SESSION_SECONDS),
        ...(await deviceBound?.offer(sessionOf(cookie))),
      };
    },
    async revoke(headers) {
      const cookie = cookieOf(headers);
      const removed = setCookie(headers, '', 0);
      if (cookie === undefined) return [removed];
      await store.delete(keyOf(cookie), { durable: true });
      await revocations.revoke(sessionOf(cookie));
      return deviceBound ? [removed, await deviceBound.end(sessionOf(cookie))] : [removed];
    },
    async revokeAll() {
      await store.deleteAll('cookie-session/');
    },
    async verify(headers) {
      const cookie = cookieOf(headers);
      if (cookie === undefined) return { type: 'none' };
      const found = COOKIE_SESSION.read(await store.get(keyOf(cookie)));
      if (!found || found.expiresAt <= clock.now()) return { type: 'none' };
      const session = sessionOf(cookie);
      const binding = (await deviceBound?.check(session, headers)) ?? 'unbound';
      if (binding === 'refused') return { type: 'none' };
      if (binding === 'unproven') return { type: 'unproven' };
      const { sub, name, expiresAt } = found;
      const principal = { owner: ownerOf(sub), sub, name, expiresAt, session };
      return { type: 'granted', principal, isDeviceBound: binding === 'bound' };
    },
    isPresent: (headers) => cookieOf(headers) !== undefined,
  };
};
