import type { IncomingHttpHeaders } from 'node:http';
import { CONFIG_GLOBAL, type InjectedConfig } from '../../src/protocol/config.ts';
import { cookieHeader, mayBeSecure, readCookie } from '../http/cookie.ts';
import { digest, hmac, randomId } from '../base/crypto.ts';
import type { InstallKey, Secrets } from '../storage/storage.ts';

/** Page scripts cannot set a cookie with this prefix, not even after they evict the existing one (measured). */
const COOKIE = '__Host-Http-keeper-install';
const VALUE = /^[\w-]{43}$/;
/** Maximum lifetime of a cookie in Chromium (RFC 6265bis §5.5). */
const COOKIE_SECONDS = 400 * 24 * 60 * 60;
/**
 * `Lax`, because a browser leaves a `Strict` cookie out when a link of another site opens the page
 * (RFC 6265bis §5.6.7.1). The page would then bring a new cookie, and the next worker could not open the session. The
 * cookie authorizes nothing: only the browser's own worker fetch gets a secret for it.
 */
const COOKIE_OPTIONS = { secure: true, maxAgeSeconds: COOKIE_SECONDS, sameSite: 'Lax' } as const;
const ID_LENGTH = 12;

/** `Vary` of the worker script: request headers on which its content depends. */
export const SCRIPT_VARY = 'Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode, Service-Worker, User-Agent';

/** `refused`: a worker fetch without its cookie. The browser then keeps its installed worker. */
export type WorkerScript = { type: 'served'; text: string } | { type: 'refused' };

export type WorkerSecrets = {
  /** `Set-Cookie` for a document, with a new or the existing cookie; `undefined` where the browser would drop it. */
  installCookie(headers: IncomingHttpHeaders): string | undefined;
  /** Prepends the configuration and the seal secret to the script. Returns the same bytes for the same installation. */
  inject(script: string, site: Omit<InjectedConfig, 'seal'>, headers: IncomingHttpHeaders): WorkerScript;
};

const isWorkerFetch = (headers: IncomingHttpHeaders): boolean => headers['sec-fetch-dest'] === 'serviceworker';

/** Whether the browser fetches the script for a worker. No page can set these headers on its own requests. */
const isRegistrationFetch = (headers: IncomingHttpHeaders): boolean =>
  isWorkerFetch(headers) && headers['sec-fetch-mode'] === 'same-origin' && headers['service-worker'] === 'script';

const cookieOf = (headers: IncomingHttpHeaders): string | undefined => {
  const value = readCookie(headers.cookie, COOKIE);
  return value !== undefined && VALUE.test(value) ? value : undefined;
};

const withConfig = (script: string, injected: InjectedConfig): string => {
  // JSON is JavaScript. Without `<`, it cannot close a script element of an HTML page.
  const json = JSON.stringify(injected).replaceAll('<', '\\u003c');
  return `self.${CONFIG_GLOBAL} = ${json};\n${script}`;
};

const deriveSeal = ({ id, key }: InstallKey, cookie: string): { id: string; secret: string } => ({
  id: `${id}.${digest(cookie).slice(0, ID_LENGTH)}`,
  secret: hmac(key, `install ${cookie}`),
});

/**
 * The tier `sealed`: a seal secret for each installation, which only its worker can read. `keys`: the newest first. Workers
 * also get the secrets of the other keys, to seal their data again.
 */
export const createWorkerSecrets = (keys: () => readonly InstallKey[]): WorkerSecrets => ({
  installCookie(headers) {
    if (!mayBeSecure(headers)) return undefined;
    return cookieHeader(COOKIE, cookieOf(headers) ?? randomId(), COOKIE_OPTIONS);
  },
  inject(script, site, headers) {
    const cookie = cookieOf(headers);
    if (isWorkerFetch(headers) && cookie === undefined && mayBeSecure(headers)) return { type: 'refused' };
    if (cookie === undefined || !isRegistrationFetch(headers))
      return { type: 'served', text: withConfig(script, site) };
    const [seal, ...former] = keys().map((key) => deriveSeal(key, cookie));
    const secrets = seal && { ...seal, ...(former.length > 0 ? { former } : {}) };
    return { type: 'served', text: withConfig(script, { ...site, seal: secrets }) };
  },
});

/** With the server's own keys. A higher `keyNumber` rotates the key. */
export const openWorkerSecrets = async (secrets: Secrets, keyNumber = 1): Promise<WorkerSecrets> =>
  createWorkerSecrets(await secrets.installKeys(keyNumber));
