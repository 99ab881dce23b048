import type { IncomingHttpHeaders } from 'node:http';
import { CONFIG_GLOBAL, type InjectedConfig } from '../../src/protocol/config.ts';
import { cookieHeader, mayBeSecure, readCookie } from '../http/cookie.ts';
import { digest, loadOrCreateSecret, loadOrCreateKey, hmac, randomId } from '../base/crypto.ts';
import type { Store } from '../base/store.ts';

/** Page script can neither make nor replace a cookie of this prefix, not even after evicting it (measured). */
const COOKIE = '__Host-Http-keeper-install';
const VALUE = /^[\w-]{43}$/;
/** The longest that Chromium keeps a cookie (RFC 6265bis §5.5). */
const COOKIE_SECONDS = 400 * 24 * 60 * 60;
const ID_LENGTH = 12;

/** Names of request headers that decide what a worker script contains. */
export const SCRIPT_VARY = 'Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode, Service-Worker, User-Agent';

/** `refused`: a worker fetch without its cookie; the browser then keeps the worker it has. */
export type Script = { type: 'served'; text: string } | { type: 'refused' };

export type WorkerSecrets = {
  /** `Set-Cookie` for a document; `undefined` where the browser would drop it. Renews the one that is there. */
  installCookie(headers: IncomingHttpHeaders): string | undefined;
  /** The script with its first line filled in; the same bytes for the same installation. */
  bake(script: string, site: Omit<InjectedConfig, 'seal'>, headers: IncomingHttpHeaders): Script;
};

const isWorkerFetch = (headers: IncomingHttpHeaders): boolean => headers['sec-fetch-dest'] === 'serviceworker';

/** Headers that no page can set, and the one that only a registration sends: this script goes into a worker. */
const isTrueWorkerFetch = (headers: IncomingHttpHeaders): boolean =>
  isWorkerFetch(headers) && headers['sec-fetch-mode'] === 'same-origin' && headers['service-worker'] === 'script';

const cookieOf = (headers: IncomingHttpHeaders): string | undefined => {
  const value = readCookie(headers.cookie, COOKIE);
  return value !== undefined && VALUE.test(value) ? value : undefined;
};

const withGlobal = (script: string, baked: InjectedConfig): string => {
  // JSON is JavaScript, except that a script must not end early inside an HTML page.
  const json = JSON.stringify(baked).replaceAll('<', '\\u003c');
  return `self.${CONFIG_GLOBAL} = ${json};\n${script}`;
};

type Key = { id: string; key: Buffer };

/** Sessions come back within this many replacements of the key; what nobody opened since has to sign in again. */
const FORMER_KEYS = 2;

/** The number of the newest key: the highest that was ever asked for, so that a forgotten setting takes none back. */
const newestNumber = (store: Store, asked: number): Promise<number> =>
  store.update(['secret/install-key-number'], ([kept]) => {
    const newest = Math.max(asked, typeof kept === 'number' ? kept : 1);
    return { result: newest, writes: [{ key: 'secret/install-key-number', value: newest }] };
  });

const keyOf = async (store: Store, number: number): Promise<Key> => {
  const suffix = number === 1 ? '' : `-${number}`;
  const id = await loadOrCreateSecret(store, `install-key-id${suffix}`, () => randomId(4));
  return { id, key: await loadOrCreateKey(store, `install-key${suffix}`) };
};

const sealFrom = ({ id, key }: Key, cookie: string): { id: string; secret: string } => ({
  id: `${id}.${digest(cookie).slice(0, ID_LENGTH)}`,
  secret: hmac(key, `install ${cookie}`),
});

/**
 * Tier T2: a secret for each installation that only its worker ever reads. `keyNumber` replaces the key it comes from:
 * workers then get the secrets of the former keys too, and seal anew what those had sealed.
 */
export const openWorkerSecrets = async (store: Store, keyNumber = 1): Promise<WorkerSecrets> => {
  const newest = await newestNumber(store, keyNumber);
  const numbers = Array.from({ length: Math.min(newest, FORMER_KEYS + 1) }, (_, back) => newest - back);
  const keys = await Promise.all(numbers.map((number) => keyOf(store, number)));
  return {
    installCookie(headers) {
      if (!mayBeSecure(headers)) return undefined;
      return cookieHeader(COOKIE, cookieOf(headers) ?? randomId(), { secure: true, maxAgeSeconds: COOKIE_SECONDS });
    },
    bake(script, site, headers) {
      const cookie = cookieOf(headers);
      if (isWorkerFetch(headers) && cookie === undefined && mayBeSecure(headers)) return { type: 'refused' };
      if (cookie === undefined || !isTrueWorkerFetch(headers))
        return { type: 'served', text: withGlobal(script, site) };
      const [seal, ...former] = keys.map((key) => sealFrom(key, cookie));
      const baked = seal && { ...seal, ...(former.length > 0 ? { former } : {}) };
      return { type: 'served', text: withGlobal(script, { ...site, seal: baked }) };
    },
  };
};
