import type { IncomingHttpHeaders } from 'node:http';

/** The origins of the application. */
export type Origins = readonly string[];

/** The origin of a request, by its `Host` header. */
export const requestOrigin = ({ host }: IncomingHttpHeaders, origins: Origins): string | undefined =>
  origins.find((origin) => new URL(origin).host === host);

/** Whether a browser states that the request comes from a page of the application. No statement means no. */
export const isOwnPage = (headers: IncomingHttpHeaders, origins: Origins): boolean => {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return headers.origin !== undefined && origins.includes(headers.origin);
};

/** Every browser sends `Origin` with a WebSocket (RFC 6455 §10.2); a client without it is not a browser. */
export const mayOpenSocket = (headers: IncomingHttpHeaders, origins: Origins): boolean =>
  headers.origin === undefined || origins.includes(headers.origin);
