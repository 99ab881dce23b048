import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

export const hostnameOf = (host: string | undefined): string => {
  const url = `http://${host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
};

export const isLoopbackHost = (host: string | undefined): boolean => LOOPBACK_HOSTS.has(hostnameOf(host));

/** Safari and every other browser on WebKit; those on Chromium name both engines. */
const isWebKit = (userAgent = ''): boolean => userAgent.includes('AppleWebKit/') && !userAgent.includes('Chrome/');

/**
 * Browsers take `Secure` cookies (and with them the `__Host-` prefixes) on https, and all but WebKit's on loopback
 * (measured in WebKitGTK 2.50). Elsewhere they would drop them, so there a cookie loses its prefix
 * and its protection. No page can set the `User-Agent` of a worker script's request.
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

/** `maxAgeSeconds` 0 removes the cookie. The value must be of the base64url alphabet. */
export const cookieHeader = (
  name: string,
  value: string,
  options: { secure: boolean; maxAgeSeconds: number },
): string =>
  `${name}=${value}; Path=/; Max-Age=${options.maxAgeSeconds}; HttpOnly; SameSite=Strict${options.secure ? '; Secure' : ''}`;
