import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

export const hostnameOf = (host: string | undefined): string => {
  const url = `http://${host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
};

export const isLoopbackHost = (host: string | undefined): boolean => LOOPBACK_HOSTS.has(hostnameOf(host));

/** Safari and other WebKit browsers. Chromium browsers name both engines in `User-Agent`. */
const isWebKit = (userAgent = ''): boolean => userAgent.includes('AppleWebKit/') && !userAgent.includes('Chrome/');

/**
 * Whether the browser accepts `Secure` cookies, and so the `__Host-` prefix. Browsers accept them on https, and on
 * loopback except in WebKit (measured in WebKitGTK 2.50). Elsewhere browsers drop them, so the server sets a cookie
 * without prefix and protection. A page cannot set the `User-Agent` of a worker script's request.
 */
export const mayBeSecure = (headers: IncomingHttpHeaders): boolean =>
  headers['x-forwarded-proto'] === 'https' || (isLoopbackHost(headers.host) && !isWebKit(headers['user-agent']));

export const readCookie = (header: string | undefined, name: string): string | undefined => {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
};

export type CookieOptions = {
  secure: boolean;
  /** 0 removes the cookie. */
  maxAgeSeconds: number;
  /** Default: `Strict`. */
  sameSite?: 'Strict' | 'Lax';
};

/** Returns a `Set-Cookie` value. `value`: base64url and dots. */
export const cookieHeader = (
  name: string,
  value: string,
  { secure, maxAgeSeconds, sameSite = 'Strict' }: CookieOptions,
): string =>
  `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}`;
