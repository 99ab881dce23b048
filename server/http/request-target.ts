import type { IncomingMessage } from 'node:http';

/**
 * Where a request leads (RFC 9112 §3.2); `undefined` for a target that leads nowhere, such as `http://[`, `*` or what
 * is no address at all. Anybody may send one, so nothing here throws.
 */
export const requestTarget = ({ url = '' }: IncomingMessage): URL | undefined => {
  // What begins with two slashes is a path too, and not the name of another host.
  const address = url.startsWith('/') ? `http://localhost${url}` : url;
  return URL.canParse(address) ? new URL(address) : undefined;
};
