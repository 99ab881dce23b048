import { isLoopbackHost } from '../http/cookie.ts';

/** A domain name in reverse order (RFC 8252 §7.1), such as `com.example.app:`. */
const OWN_SCHEME = /^[a-z][\w+-]*(\.[\w+-]+)+:$/;

/**
 * Origins of the app, and schemes of its own, to which the provider may send people back. A native client may use plain HTTP on
 * loopback only (RFC 8252 §8.3). Browsers have no worker elsewhere on plain HTTP.
 *
 * @example
 * redirectOrigins(['https://app.example', 'tauri://localhost', 'com.example.app:']); // the first and the last one
 */
export const redirectOrigins = (appOrigins: readonly string[]): readonly string[] =>
  appOrigins.filter((origin) => {
    const { protocol, host } = new URL(origin);
    return protocol === 'https:' || OWN_SCHEME.test(origin) || (protocol === 'http:' && isLoopbackHost(host));
  });
