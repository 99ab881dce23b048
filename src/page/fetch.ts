import type { UploadOptions } from './types.ts';
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

type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/** Sends a body. A worker takes upload progress away (measured), so only the end of it is told. */
export const createUpload =
  (send: Fetch) =>
  async (
    url: string,
    body: Blob | ArrayBuffer,
    { onProgress, signal, method = 'POST' }: UploadOptions = {},
  ): Promise<Response> => {
    const response = await send(url, { method, body, signal: signal ?? null });
    const total = body instanceof Blob ? body.size : body.byteLength;
    onProgress?.({ sent: total, total });
    return response;
  };
