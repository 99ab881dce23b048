import { PAGE_BACKOFF, retryDelay } from '../../protocol/timing/backoff.ts';
import { parseRetryAfter } from '../../protocol/timing/retry-after.ts';
import type { UploadOptions } from '../types/types.ts';
import { waitForEvent } from '../util/timers.ts';

type Send = (input: string | URL, init?: RequestInit) => Promise<Response>;
type Body = Blob | ArrayBuffer;
type Limits = { partBytes: number };

/** What is no longer than this is not worth more than one request; also the size of the first part. */
const FIRST_PART_BYTES = 256 * 1024;
/** Longer parts would be no faster, and lose more when one is lost. */
const LONGEST_PART_BYTES = 8 * 1024 * 1024;
/** Parts grow until one takes so long (ms): often enough to show progress by, seldom enough not to cost any. */
const PART_TAKES_MS = 500;
/** An upload that nobody has taken a byte of for so long is given up. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

/** Statuses that say "later" and nothing about the upload. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

const sizeOf = (body: Body): number => (body instanceof Blob ? body.size : body.byteLength);

/** Whether the same may work later. A worker's own answers are problems, and final. */
const isPassing = ({ status, headers }: Response): boolean =>
  PASSING.has(status) && !(status === 502 && headers.get('content-type') === 'application/problem+json');

const offsetOf = (response: Response): number | undefined => {
  const offset = Number.parseInt(response.headers.get('upload-offset') ?? '', 10);
  return Number.isSafeInteger(offset) ? offset : undefined;
};

/** How long parts may be; `undefined` for a server that does not take any. */
const limitsOf = async (send: Send, url: string, signal: AbortSignal | null): Promise<Limits | undefined> => {
  const response = await send(url, { method: 'OPTIONS', signal });
  const limits = response.headers.get('upload-limit');
  if (!response.ok || limits === null) return undefined;
  const [, longest] = /max-append-size=(\d+)/.exec(limits) ?? [];
  return { partBytes: Math.min(LONGEST_PART_BYTES, Number(longest ?? LONGEST_PART_BYTES)) };
};

/** Full jitter, and no longer than until the network is back. Rejects when the signal aborts. */
const pause = async ({ signal, aborted }: Parts, failures: number, response: Response | undefined): Promise<void> => {
  const asked = response && parseRetryAfter(response.headers, Date.now());
  const ms = retryDelay(failures, PAGE_BACKOFF, Math.random(), asked);
  await Promise.race([waitForEvent(window, 'online', ms), aborted]);
  signal?.throwIfAborted();
};

/** What a server said to one request of an upload. */
type Said = { is: 'at'; offset: number } | { is: 'over'; response: Response } | { is: 'silent'; response?: Response };

type Parts = {
  send: Send;
  url: URL;
  body: Body;
  total: number;
  limits: Limits;
  signal: AbortSignal | null;
  /** Resolves when the signal aborts. */
  aborted: Promise<unknown>;
  onProgress: NonNullable<UploadOptions['onProgress']>;
};

const heard = async (sent: Promise<Response>, signal: AbortSignal | null): Promise<Said> => {
  try {
    const response = await sent;
    if (isPassing(response)) return { is: 'silent', response };
    const offset = offsetOf(response);
    const goesOn = response.status === 409 || response.headers.get('upload-complete') === '?0';
    return goesOn && offset !== undefined ? { is: 'at', offset } : { is: 'over', response };
  } catch {
    signal?.throwIfAborted();
    return { is: 'silent' };
  }
};

/** Where the upload stands, by its server's word; a finished one is asked for its answer with an empty last part. */
const askOffset = async ({ send, url, signal }: Parts): Promise<Said> => {
  const said = await heard(send(url, { method: 'HEAD', signal }), signal);
  if (said.is !== 'over' || !said.response.ok) return said;
  const offset = offsetOf(said.response);
  return offset === undefined ? said : { is: 'at', offset };
};

const sendPart = ({ send, url, body, total, signal }: Parts, offset: number, bytes: number): Promise<Said> => {
  const end = Math.min(offset + bytes, total);
  const headers = {
    'content-type': 'application/partial-upload',
    'upload-offset': String(offset),
    'upload-complete': end === total ? '?1' : '?0',
  };
  return heard(send(url, { method: 'PATCH', headers, body: body.slice(offset, end), signal }), signal);
};

const nextSize = (bytes: number, tookMs: number, { partBytes }: Limits): number =>
  Math.min(partBytes, tookMs < PART_TAKES_MS ? bytes * 2 : Math.max(FIRST_PART_BYTES, bytes / 2));

/** Where an upload is, and what is to be sent next. */
type Standing = { offset: number; bytes: number; unsure: boolean; failures: number; heardAt: number };

/** `undefined`: what was said leads nowhere now. */
const after = (said: Said, now: Standing, tookMs: number, { total, limits }: Parts): Standing | undefined => {
  if (said.is !== 'at' || said.offset > total) return undefined;
  const { offset } = said;
  if (now.unsure && offset === now.offset) return { ...now, unsure: false };
  if (offset === now.offset) return undefined;
  const bytes = now.unsure ? now.bytes : nextSize(now.bytes, tookMs, limits);
  return { offset, bytes, unsure: false, failures: 0, heardAt: performance.now() };
};

const sendParts = async (parts: Parts): Promise<Response> => {
  const { total, limits, onProgress } = parts;
  const first = Math.min(FIRST_PART_BYTES, limits.partBytes);
  let now: Standing = { offset: 0, bytes: first, unsure: false, failures: 0, heardAt: performance.now() };
  for (;;) {
    const begun = performance.now();
    const said = await (now.unsure ? askOffset(parts) : sendPart(parts, now.offset, now.bytes));
    if (said.is === 'over') {
      if (said.response.ok) onProgress({ sent: total, total });
      return said.response;
    }
    const next = after(said, now, performance.now() - begun, parts);
    if (next) {
      if (next.offset !== now.offset && next.offset < total) onProgress({ sent: next.offset, total });
      now = next;
    } else {
      if (begun - now.heardAt > GIVE_UP_AFTER_MS) throw new TypeError('upload given up', { cause: said });
      await pause(parts, now.failures, said.is === 'silent' ? said.response : undefined);
      now = { ...now, unsure: true, failures: now.failures + 1 };
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
  const heeded = signal ?? null;
  const limits = total > FIRST_PART_BYTES ? await limitsOf(send, url, heeded) : undefined;
  if (!limits) {
    const response = await send(url, { method, body, signal: heeded });
    onProgress({ sent: total, total });
    return response;
  }
  const headers = { 'upload-complete': '?0', 'upload-length': String(total) };
  const begun = await send(url, { method, headers, signal: heeded });
  const place = begun.headers.get('location');
  if (begun.status !== 201 || place === null) return begun;
  const to = new URL(place, new URL(url, location.href));
  const aborted = new Promise((resolve) => heeded?.addEventListener('abort', resolve));
  try {
    return await sendParts({ send, url: to, body, total, limits, signal: heeded, aborted, onProgress });
  } catch (error) {
    void send(to, { method: 'DELETE' }).catch(() => {});
    throw error;
  }
};
