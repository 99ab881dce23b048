import { PAGE_BACKOFF, retryDelay } from '../../protocol/timing/backoff.ts';
import { parseRetryAfter } from '../../protocol/timing/retry-after.ts';
import type { UploadOptions } from '../types/types.ts';
import { waitForEvent } from '../util/timers.ts';

type Send = (input: string | URL, init?: RequestInit) => Promise<Response>;
type Body = Blob | ArrayBuffer;
type Limits = { partBytes: number };
/** `aborted` resolves when the signal aborts. */
type Ending = { signal: AbortSignal | null; aborted: Promise<unknown> };

/** A body up to this size goes in one request. It is also the size of the first part. */
const FIRST_PART_BYTES = 256 * 1024;
/** Longer parts are no faster, and a lost part costs more. */
const MAX_PART_BYTES = 8 * 1024 * 1024;
/** Parts grow until one takes this long (ms): often enough for a progress bar, and seldom enough to cost little. */
const PART_TAKES_MS = 500;
/** An upload fails after this time without a new byte on the server. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

/** Statuses that ask to retry later and say nothing about the upload. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

const sizeOf = (body: Body): number => (body instanceof Blob ? body.size : body.byteLength);

/** Whether the same request may work later. A 502 with a problem comes from the worker itself and is final. */
const isTransient = ({ status, headers }: Response): boolean =>
  TRANSIENT.has(status) && !(status === 502 && headers.get('content-type') === 'application/problem+json');

const offsetOf = (response: Response): number | undefined => {
  const offset = Number.parseInt(response.headers.get('upload-offset') ?? '', 10);
  return Number.isSafeInteger(offset) ? offset : undefined;
};

/** Waits with full jitter, at least as `Retry-After` asks, and at most until the network is back. Rejects when the signal aborts. */
const pause = async ({ signal, aborted }: Ending, failures: number, response: Response | undefined): Promise<void> => {
  const asked = response && parseRetryAfter(response.headers, Date.now());
  const ms = retryDelay(failures, PAGE_BACKOFF, Math.random(), asked);
  await Promise.race([waitForEvent(window, 'online', ms), aborted]);
  signal?.throwIfAborted();
};

/** Sends a request without a body again for as long as the server says when to come back. */
const sendPatiently = async (send: () => Promise<Response>, ending: Ending): Promise<Response> => {
  const startedAt = performance.now();
  for (let failures = 0; ; failures += 1) {
    const response = await send();
    const isBusy = isTransient(response) && parseRetryAfter(response.headers, Date.now()) !== undefined;
    if (!isBusy || performance.now() - startedAt > GIVE_UP_AFTER_MS) return response;
    await pause(ending, failures, response);
  }
};

/** The server's limit for the size of a part, or `undefined` when the server supports no resumable uploads. */
const limitsOf = async (send: Send, url: string, ending: Ending): Promise<Limits | undefined> => {
  const response = await sendPatiently(() => send(url, { method: 'OPTIONS', signal: ending.signal }), ending);
  const limits = response.headers.get('upload-limit');
  if (!response.ok || limits === null) return undefined;
  const [, longest] = /max-append-size=(\d+)/.exec(limits) ?? [];
  return { partBytes: Math.min(MAX_PART_BYTES, Number(longest ?? MAX_PART_BYTES)) };
};

/** The outcome of one request of an upload. `unknown`: no response, or one that only asks to wait. */
type Outcome =
  | { type: 'offset'; offset: number }
  | { type: 'final'; response: Response }
  | { type: 'unknown'; response?: Response };

type Parts = Ending & {
  send: Send;
  url: URL;
  body: Body;
  total: number;
  limits: Limits;
  onProgress: NonNullable<UploadOptions['onProgress']>;
};

const outcomeOf = async (sent: Promise<Response>, signal: AbortSignal | null): Promise<Outcome> => {
  try {
    const response = await sent;
    if (isTransient(response)) return { type: 'unknown', response };
    const offset = offsetOf(response);
    const continues = response.status === 409 || response.headers.get('upload-complete') === '?0';
    return continues && offset !== undefined ? { type: 'offset', offset } : { type: 'final', response };
  } catch {
    signal?.throwIfAborted();
    return { type: 'unknown' };
  }
};

/** The server's offset. For a finished upload an empty last part then fetches the final response. */
const requestOffset = async ({ send, url, signal }: Parts): Promise<Outcome> => {
  const outcome = await outcomeOf(send(url, { method: 'HEAD', signal }), signal);
  if (outcome.type !== 'final' || !outcome.response.ok) return outcome;
  const offset = offsetOf(outcome.response);
  return offset === undefined ? outcome : { type: 'offset', offset };
};

const sendPart = ({ send, url, body, total, signal }: Parts, offset: number, bytes: number): Promise<Outcome> => {
  const end = Math.min(offset + bytes, total);
  const headers = {
    'content-type': 'application/partial-upload',
    'upload-offset': String(offset),
    'upload-complete': end === total ? '?1' : '?0',
  };
  return outcomeOf(send(url, { method: 'PATCH', headers, body: body.slice(offset, end), signal }), signal);
};

const nextSize = (bytes: number, tookMs: number, { partBytes }: Limits): number =>
  Math.min(partBytes, tookMs < PART_TAKES_MS ? bytes * 2 : Math.max(FIRST_PART_BYTES, bytes / 2));

/** What to send next. `isUncertain`: the client must request the server's offset first. `advancedAt`: see `GIVE_UP_AFTER_MS`. */
type Progress = { offset: number; bytes: number; isUncertain: boolean; failures: number; advancedAt: number };

/** The progress after an outcome, or `undefined` when the upload must pause. */
const advance = (outcome: Outcome, now: Progress, tookMs: number, { total, limits }: Parts): Progress | undefined => {
  if (outcome.type !== 'offset' || outcome.offset > total) return undefined;
  const { offset } = outcome;
  if (now.isUncertain && offset === now.offset) return { ...now, isUncertain: false };
  if (offset === now.offset) return undefined;
  const bytes = now.isUncertain ? now.bytes : nextSize(now.bytes, tookMs, limits);
  return { offset, bytes, isUncertain: false, failures: 0, advancedAt: performance.now() };
};

const sendParts = async (parts: Parts): Promise<Response> => {
  const { total, limits, onProgress } = parts;
  const first = Math.min(FIRST_PART_BYTES, limits.partBytes);
  let now: Progress = { offset: 0, bytes: first, isUncertain: false, failures: 0, advancedAt: performance.now() };
  for (;;) {
    const startedAt = performance.now();
    const outcome = await (now.isUncertain ? requestOffset(parts) : sendPart(parts, now.offset, now.bytes));
    if (outcome.type === 'final') {
      if (outcome.response.ok) onProgress({ sent: total, total });
      return outcome.response;
    }
    const next = advance(outcome, now, performance.now() - startedAt, parts);
    if (next) {
      if (next.offset !== now.offset && next.offset < total) onProgress({ sent: next.offset, total });
      now = next;
    } else {
      if (startedAt - now.advancedAt > GIVE_UP_AFTER_MS)
        throw new TypeError('The server received no new byte of the upload for ten minutes.', { cause: outcome });
      await pause(parts, now.failures, outcome.type === 'unknown' ? outcome.response : undefined);
      now = { ...now, isUncertain: true, failures: now.failures + 1 };
    }
  }
};

/** Sends a body; see `Keeper.upload`. */
export const upload = async (
  send: Send,
  url: string,
  body: Body,
  { onProgress = () => {}, signal, method = 'POST' }: UploadOptions = {},
): Promise<Response> => {
  const total = sizeOf(body);
  const abortSignal = signal ?? null;
  const aborted = new Promise((resolve) => abortSignal?.addEventListener('abort', resolve));
  const ending = { signal: abortSignal, aborted };
  const limits = total > FIRST_PART_BYTES ? await limitsOf(send, url, ending) : undefined;
  if (!limits) {
    const response = await send(url, { method, body, signal: abortSignal });
    onProgress({ sent: total, total });
    return response;
  }
  const headers = { 'upload-complete': '?0', 'upload-length': String(total) };
  const created = await sendPatiently(() => send(url, { method, headers, signal: abortSignal }), ending);
  const place = created.headers.get('location');
  if (created.status !== 201 || place === null) return created;
  const to = new URL(place, new URL(url, location.href));
  try {
    return await sendParts({ ...ending, send, url: to, body, total, limits, onProgress });
  } catch (error) {
    void send(to, { method: 'DELETE' }).catch(() => {});
    throw error;
  }
};
