import type { IncomingHttpHeaders } from 'node:http';
import { hmac, randomId, timingSafeEquals } from '../base/crypto.ts';
import type { Keyring } from '../storage/storage.ts';
import { cookieHeader, mayBeSecure, readCookie } from '../http/cookie.ts';

/**
 * Cookies of browsers in which someone has signed in before. Their attempts have limits of their own, so that guesses from
 * the same address or at the same account do not lock them out
 * (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
 */
export type DeviceCookies = {
  /**
   * A key of the attempts of this browser; `undefined` for a browser that has not signed in to the account before.
   * Without an account: a key of the account that last signed in here. A stranger cannot get more keys by more sign-ins.
   */
  supplyOf(headers: IncomingHttpHeaders, account?: string): string | undefined;
  /** Returns a `Set-Cookie` header, which adds the account to those of this browser. */
  remember(headers: IncomingHttpHeaders, account: string): string;
};

type Device = { id: string; accounts: readonly string[] };

const SECURE_NAME = '__Host-keeper-device';
const PLAIN_NAME = 'keeper-device';
const MAX_AGE_SECONDS = 180 * 86_400;
const ID_BYTES = 16;
/** Characters of an account's digest. A collision only shares a supply of attempts. */
const ACCOUNT_LENGTH = 16;
/** A browser that more people share forgets the one who signed in longest ago. */
const MAX_ACCOUNTS = 5;

export const createDeviceCookies = (keys: Keyring): DeviceCookies => {
  const nameFor = (headers: IncomingHttpHeaders): string => (mayBeSecure(headers) ? SECURE_NAME : PLAIN_NAME);
  const digestOf = (account: string, key = keys()[0]): string =>
    hmac(key, `device account ${account}`).slice(0, ACCOUNT_LENGTH);
  const signatureOf = (content: string, key = keys()[0]): string => hmac(key, `device ${content}`);

  const read = (headers: IncomingHttpHeaders): Device | undefined => {
    const value = readCookie(headers.cookie, nameFor(headers)) ?? '';
    const end = value.lastIndexOf('.');
    const content = value.slice(0, Math.max(0, end));
    const isSigned = keys().some((key) => timingSafeEquals(signatureOf(content, key), value.slice(end + 1)));
    if (end < 0 || !isSigned) return undefined;
    const [id = '', ...accounts] = content.split('.');
    return { id, accounts };
  };

  return {
    supplyOf(headers, account) {
      const device = read(headers);
      if (account === undefined) return device?.accounts[0];
      const isKnown = keys().some((key) => device?.accounts.includes(digestOf(account, key)));
      return isKnown ? device?.id : undefined;
    },
    remember(headers, account) {
      const device = read(headers);
      const own = digestOf(account);
      const others = (device?.accounts ?? []).filter((other) => other !== own).slice(0, MAX_ACCOUNTS - 1);
      const content = [device?.id ?? randomId(ID_BYTES), own, ...others].join('.');
      const secure = mayBeSecure(headers);
      return cookieHeader(nameFor(headers), `${content}.${signatureOf(content)}`, {
        secure,
        maxAgeSeconds: MAX_AGE_SECONDS,
      });
    },
  };
};
