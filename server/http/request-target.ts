import type { IncomingMessage } from 'node:http';

/**
 * The URL of a request (RFC 9112 §3.2); `undefined` for a target that is not a valid URL, such as `http://[` or `*`.
 * Any client can send such a target, so this function does not throw.
 */
export const requestTarget = ({ url = '' }: IncomingMessage): URL | undefined => {
  // A target that starts with two slashes is a path, not a URL with another host.
  const address = url.startsWith('/') ? `http://localhost${url}` : url;
  return URL.canParse(address) ? new URL(address) : undefined;
};
