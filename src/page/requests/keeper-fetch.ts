import { REQUEST_HEADER } from '../../protocol/bridge/bridge-constants.ts';
import { newId } from '../../protocol/ids.ts';
import type { Transport } from '../connection/transport.ts';

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/**
 * Sends a request for `keeper.fetch`, with what only the page can put on it. Our own origin only: elsewhere the
 * headers would cost a preflight.
 */
export const send = (transport: Transport, request: Request): Promise<Response> => {
  const { headers, method, signal, url } = request;
  if (new URL(url).origin !== location.origin) return transport.fetch(request);
  // When the worker dies, Chromium sends its pending requests again, even a POST (measured). The worker cannot
  // distinguish the second from the first.
  if (!SAFE.includes(method) && !headers.has('idempotency-key')) headers.set('idempotency-key', newId());
  const { abort } = transport;
  if (abort) {
    const name = newId();
    headers.set(REQUEST_HEADER, name);
    signal.addEventListener('abort', () => abort(name));
  }
  return transport.fetch(request);
};
