import type { IncomingHttpHeaders } from 'node:http';

/** The origins under which the application itself is served. */
export type Origins = readonly string[];

/** The one of them that a request came to, by its `Host`. */
export const originAsked = ({ host }: IncomingHttpHeaders, origins: Origins): string | undefined =>
  origins.find((origin) => new URL(origin).host === host);

/** Whether a browser says that this request comes from a page of ours; silence is no proof. */
export const isOwnPage = (headers: IncomingHttpHeaders, origins: Origins): boolean => {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return headers.origin !== undefined && origins.includes(headers.origin);
};

/** Every browser sends `Origin` with a WebSocket (RFC 6455 §10.2); a client without it is not a browser. */
export const mayOpenSocket = (headers: IncomingHttpHeaders, origins: Origins): boolean =>
  headers.origin === undefined || origins.includes(headers.origin);
