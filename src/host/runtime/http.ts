import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { parseRetryAfter } from '../../protocol/timing/retry-after.ts';
import { sendDirectly } from './send-directly.ts';

/** An answer with its whole body, read within the bounds. */
export type HttpAnswer = {
  /** `endpointName` of the URL. */
  at: string;
  status: number;
  text: string;
  retryAfterMs: number | undefined;
  receivedAt: number;
  response: Response;
};

/** `origin`: that of this host, for `endpointName`. */
export type FetchBounds = { origin: string; deadlineMs: number; now(): number };

const MAX_BODY_BYTES = 256 * 1024;

/** Straight to the server: no HTTP cache, and a redirect is an answer that nothing follows. */
export const DIRECT_FETCH: RequestInit = { cache: 'no-store', redirect: 'manual' };

/** Names an endpoint in problems and in the journal. Without its query, which may carry secrets. */
export const endpointName = (url: string | URL, origin: string): string => {
  const parsed = new URL(url, origin);
  return parsed.origin === origin ? parsed.pathname : parsed.origin + parsed.pathname;
};

/** Stops at the cap: a body that is cut does not parse as JSON. */
const readCapped = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  for (let total = 0; total <= MAX_BODY_BYTES;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    total += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
};

/** No answer at all. The browser's word on the network only says how long a page should wait. */
export const unreachable = (at: string): Problem =>
  navigator.onLine ? { code: 'network-unreachable', at } : { code: 'network-unreachable', at, offline: true };

/** Sends one request, bounded in time and size. Errors are data; `send` should use `DIRECT_FETCH`. */
export const boundedFetch = async (
  send: (signal: AbortSignal) => Promise<Response>,
  url: string | URL,
  { origin, deadlineMs, now }: FetchBounds,
): Promise<Result<HttpAnswer>> => {
  const at = endpointName(url, origin);
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const response = await send(signal);
    const text = await readCapped(response);
    return ok({
      at,
      status: response.status,
      text,
      retryAfterMs: parseRetryAfter(response.headers, now()),
      receivedAt: now(),
      response,
    });
  } catch {
    return failed(signal.aborted ? { code: 'timeout', at } : unreachable(at));
  }
};

export const postJson = (url: string, body: unknown, bounds: FetchBounds): Promise<Result<HttpAnswer>> =>
  boundedFetch(
    (signal) =>
      sendDirectly(url, {
        ...DIRECT_FETCH,
        method: 'POST',
        signal,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      }),
    url,
    bounds,
  );
