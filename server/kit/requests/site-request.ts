import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** The parts of a request that the kit reads. `path`: without the query. */
export type SiteRequest = { method: string; path: string; headers: IncomingHttpHeaders };

const isEncrypted = ({ socket }: IncomingMessage): boolean => 'encrypted' in socket && socket.encrypted === true;

/** A server that speaks TLS itself gets no `X-Forwarded-Proto`. */
const withScheme = (headers: IncomingHttpHeaders, isHttps: boolean): IncomingHttpHeaders =>
  isHttps ? { ...headers, 'x-forwarded-proto': 'https' } : headers;

export const fromNode = (request: IncomingMessage): SiteRequest => {
  // Express shortens `url` below the path at which a middleware is mounted.
  const url = 'originalUrl' in request ? String(request.originalUrl) : (request.url ?? '/');
  const headers = withScheme(request.headers, isEncrypted(request));
  return { method: request.method ?? 'GET', path: url.split('?', 1)[0] ?? '/', headers };
};

export const fromFetch = (request: Request): SiteRequest => {
  const { host, pathname, protocol } = new URL(request.url);
  const headers: IncomingHttpHeaders = { host, ...Object.fromEntries(request.headers) };
  return { method: request.method, path: pathname, headers: withScheme(headers, protocol === 'https:') };
};
