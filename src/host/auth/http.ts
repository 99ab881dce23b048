import { failed, ok, type Result } from '../../protocol/problem.ts';

/** An answer read whole, within its bounds. */
export type HttpAnswer = {
  at: string;
  status: number;
  text: string;
  retryAfterMs: number | undefined;
  receivedAt: number;
  response: Response;
};

export type FetchBounds = { deadlineMs: number; now(): number };

const MAX_BODY_BYTES = 256 * 1024;
const MAX_RETRY_AFTER_MS = 300_000;

/** Names an endpoint in problems and journals: never its query, which may carry secrets. */
export const endpointName = (url: string | URL, origin: string): string => {
  const parsed = new URL(url, origin);
  return parsed.origin === origin ? parsed.pathname : parsed.origin + parsed.pathname;
};

/** Seconds or a date (RFC 9110 §10.2.3), in ms from now. */
export const parseRetryAfter = (headers: Headers, now: number): number | undefined => {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS) : undefined;
};

/** Reads a body up to the cap; what is longer is cut, and will not parse. */
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

/** One request, never cached, never redirected, bounded in time and size. Errors are data. */
export const boundedFetch = async (
  send: (signal: AbortSignal) => Promise<Response>,
  at: string,
  { deadlineMs, now }: FetchBounds,
): Promise<Result<HttpAnswer>> => {
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
    return failed(signal.aborted ? { code: 'timeout', at } : { code: 'network-unreachable', at });
  }
};

/** `true`: the server has taken note of an end; else it is to be told again, and not before so many milliseconds. */
export type RevocationResult = true | number;

/**
 * Whether a server that was told of an end has taken note, or never will. A redirect, a firewall's 403, 408, 429 and 5xx
 * (RFC 7009 §2.2.1) say nothing about the token: it is to be told again.
 */
export const revocationResultOf = (answer: Result<HttpAnswer>): RevocationResult =>
  answer.ok ? /^(2|40[0145])/.test(String(answer.value.status)) || (answer.value.retryAfterMs ?? 0) : 0;

export const DIRECT_FETCH: RequestInit = { cache: 'no-store', redirect: 'manual' };

/**
 * Seconds by which the clock of whoever gave this answer is ahead of this one; NaN when nobody tells. Where a script may
 * not read another origin's `Date`, the application's own server is asked: mostly it is the device that is wrong.
 */
export const serverClockSkew = async ({ headers }: Response, now: () => number): Promise<number> => {
  const date =
    headers.get('date') ??
    (await fetch('/', { ...DIRECT_FETCH, method: 'HEAD' }).then(
      (own) => own.headers.get('date'),
      () => null,
    ));
  return Math.round((Date.parse(date ?? '') - now()) / 1000);
};

export const postJson = (url: string, body: unknown, signal: AbortSignal): Promise<Response> =>
  fetch(url, {
    ...DIRECT_FETCH,
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
