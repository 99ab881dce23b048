import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono, type MiddlewareHandler } from 'hono';
import { problemResponse, type Ctx, type Env, type Handler } from '../http/route-helpers.ts';
import { startTimer } from '../../src/protocol/timing/timer.ts';
import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import { samplePng } from './sample-image.ts';
import type { DownloadLinks, DownloadStep } from './download-links.ts';
import { sampleWav } from './sample-audio.ts';

const DOWNLOAD_BYTES = 64 * 1024 * 1024;
const DOWNLOAD_CHUNK = 64 * 1024;
const DOWNLOAD_ETAG = '"sample-1"';
const CAPTIONS = 'WEBVTT\n\n00:00.000 --> 00:10.000\nSession Keeper\n';
const MAX_STREAM_EVENTS = 1_000;
const DEFAULT_STREAM_EVENTS = 10;
const DEFAULT_STREAM_GAP_MS = 1_000;

type ByteRange = { start: number; end: number };

/** Parses a `Range` header with one range (RFC 9110 §14.1.2). For several ranges the server may send the whole body. */
export const parseRange = (header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' => {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return 'whole';
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
};

type Medium = { bytes: Buffer<ArrayBuffer>; type: string; etag: string };

const medium = (bytes: Buffer<ArrayBuffer>, type: string): Medium => ({
  bytes,
  type,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
});

const unsatisfiable = (size: number): Response =>
  problemResponse(
    { status: 416, code: 'range', detail: `The body has ${size} bytes.` },
    { 'content-range': `bytes */${size}` },
  );

/** RFC 9110: `If-None-Match` takes precedence over `Range` (§13.2.2), and `If-Range` names the version of a range. */
const mediaResponse = (c: Ctx, { bytes, type, etag }: Medium): Response => {
  const headers = { 'content-type': type, 'accept-ranges': 'bytes', 'cache-control': 'private, no-store', etag };
  if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
  const isSameVersion = (c.req.header('if-range') ?? etag) === etag;
  const range = parseRange(isSameVersion ? c.req.header('range') : undefined, bytes.length);
  if (range === 'whole') return new Response(bytes, { headers });
  if (range === 'unsatisfiable') return unsatisfiable(bytes.length);
  const contentRange = `bytes ${range.start}-${range.end}/${bytes.length}`;
  return new Response(bytes.subarray(range.start, range.end + 1), {
    status: 206,
    headers: { ...headers, 'content-range': contentRange },
  });
};

const sampleStream = (bytes: number): ReadableStream<Uint8Array> => {
  const block = new Uint8Array(DOWNLOAD_CHUNK).fill(0x2e);
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(block.subarray(0, Math.min(left, DOWNLOAD_CHUNK)));
      left -= Math.min(left, DOWNLOAD_CHUNK);
    },
  });
};

const eventStream = (count: number, gapMs: number): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  let sent = 0;
  let cancel = (): void => undefined;
  return new ReadableStream({
    start(controller) {
      const next = (): void => {
        sent += 1;
        controller.enqueue(encoder.encode(`id: ${sent}\ndata: ${JSON.stringify({ n: sent })}\n\n`));
        if (sent === count) return controller.close();
        cancel = startTimer(next, gapMs);
      };
      next();
    },
    cancel: () => cancel(),
  });
};

const boundedNumber = (value: string | undefined, fallback: number, max: number): number => {
  const wanted = Number(value ?? fallback);
  return Number.isFinite(wanted) ? Math.min(Math.max(Math.trunc(wanted), 1), max) : fallback;
};

const downloadRange = (c: Ctx): ReturnType<typeof parseRange> =>
  parseRange(
    (c.req.header('if-range') ?? DOWNLOAD_ETAG) === DOWNLOAD_ETAG ? c.req.header('range') : undefined,
    DOWNLOAD_BYTES,
  );

const stepOf = (c: Ctx): DownloadStep => {
  // A scanner or a download manager looks first (RFC 9110 §9.3.2).
  if (c.req.method === 'HEAD') return 'look';
  const range = downloadRange(c);
  return typeof range === 'object' && range.start > 0 ? 'resume' : 'start';
};

const downloadAccess =
  (links: DownloadLinks, signedIn: Handler): MiddlewareHandler<Env> =>
  async (c, next) => {
    const link = c.req.query('link');
    if (link === undefined) return signedIn(c, next);
    if (await links.open(link, stepOf(c))) return next();
    return problemResponse({ status: 403, code: 'link-used', detail: 'This download link was used, or has expired.' });
  };

const download = (c: Ctx): Response => {
  const range = downloadRange(c);
  if (range === 'unsatisfiable') return unsatisfiable(DOWNLOAD_BYTES);
  const { start, end } = range === 'whole' ? { start: 0, end: DOWNLOAD_BYTES - 1 } : range;
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(end - start + 1),
    'content-disposition': 'attachment; filename="sample.bin"',
    'cache-control': 'private, no-store',
    'accept-ranges': 'bytes',
    etag: DOWNLOAD_ETAG,
    ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end}/${DOWNLOAD_BYTES}` }),
  };
  return new Response(c.req.method === 'HEAD' ? null : sampleStream(end - start + 1), {
    status: range === 'whole' ? 200 : 206,
    headers,
  });
};

export const mediaRoutes = (links: DownloadLinks, signedIn: Handler): Hono<Env> => {
  const picture = medium(Buffer.from(samplePng()), 'image/png');
  const clip = medium(Buffer.from(readFileSync(new URL('../assets/clip.mp4', import.meta.url))), 'video/mp4');
  const captions = medium(Buffer.from(CAPTIONS), 'text/vtt');
  let tone: Medium | undefined;
  return (
    new Hono<Env>()
      .get('/picture.png', signedIn, (c) => mediaResponse(c, picture))
      .get('/clip.mp4', signedIn, (c) => mediaResponse(c, clip))
      .get('/captions.vtt', signedIn, (c) => mediaResponse(c, captions))
      .get('/tone.wav', signedIn, (c) => mediaResponse(c, (tone ??= medium(sampleWav(), 'audio/wav'))))
      // A stable name for a file whose name changes. The worker attaches a token when it follows this redirect.
      .get('/latest/picture', signedIn, (c) => c.redirect('/api/v1/media/picture.png', 302))
      .get('/download', downloadAccess(links, signedIn), download)
      .post('/download/link', signedIn, async (c) => {
        const link = await links.create(c.get('principal'));
        return c.json({ url: `/api/v1/media/download?link=${link}`, expires_in: TICKET_SECONDS.download });
      })
      .get('/stream', signedIn, (c) => {
        const count = boundedNumber(c.req.query('count'), DEFAULT_STREAM_EVENTS, MAX_STREAM_EVENTS);
        const gapMs = boundedNumber(c.req.query('everyMs'), DEFAULT_STREAM_GAP_MS, 60_000);
        return new Response(eventStream(count, gapMs), {
          // Without it, nginx collects events until its buffer is full (ngx_http_proxy_module, proxy_buffering).
          headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
        });
      })
  );
};
