import { newId } from './ids.ts';

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/**
 * The request with an `Idempotency-Key`, if it changes something at our own origin. The page has to set it:
 * Chromium sends a pending request again, a POST too, when the worker dies under it (measured), and a worker
 * cannot tell the second from the first. Elsewhere the header would cost a preflight.
 */
export const withIdempotencyKey = (request: Request, origin: string): Request => {
  if (SAFE.includes(request.method) || new URL(request.url).origin !== origin) return request;
  if (!request.headers.has('idempotency-key')) request.headers.set('idempotency-key', newId());
  return request;
};
