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

const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none']);

/**
 * Whether a browser states that a page of another origin sent the request (https://w3c.github.io/webappsec-fetch-metadata/).
 * Programs and old browsers state nothing, and count as own. `none`: a person caused the request, and no page did.
 */
export const isForeignPage = (headers: IncomingHttpHeaders, origins: Origins): boolean => {
  const site = headers['sec-fetch-site'];
  if (OWN_SITES.has(site)) return false;
  return headers.origin === undefined ? site !== undefined : !origins.includes(headers.origin);
};

/** Every browser sends `Origin` with a WebSocket (RFC 6455 §10.2); a client without it is not a browser. */
export const mayOpenSocket = (headers: IncomingHttpHeaders, origins: Origins): boolean =>
  headers.origin === undefined || origins.includes(headers.origin);
