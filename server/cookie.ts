import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

export const hostnameOf = (host: string | undefined): string => {
  const url = `http://${host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
};

export const isLoopbackHost = (host: string | undefined): boolean => LOOPBACK_HOSTS.has(hostnameOf(host));

/**
 * Browsers take `Secure` cookies (and with them the `__Host-` prefixes) on https and on loopback. On plain http
 * under any other name they would drop them, so there a cookie loses its prefix and its protection; such a
 * deployment has no service worker either, since the context is not secure.
 */
export const mayBeSecure = (headers: IncomingHttpHeaders): boolean =>
  headers['x-forwarded-proto'] === 'https' || isLoopbackHost(headers.host);

export const readCookie = (header: string | undefined, name: string): string | undefined => {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
};

/** `maxAgeSeconds` 0 removes the cookie. The value must be of the base64url alphabet. */
export const cookieHeader = (
  name: string,
  value: string,
  options: { secure: boolean; maxAgeSeconds: number },
): string =>
  `${name}=${value}; Path=/; Max-Age=${options.maxAgeSeconds}; HttpOnly; SameSite=Strict${options.secure ? '; Secure' : ''}`;
