import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { upload } from '../../src/page/requests/upload.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const BODY = new Blob([new Uint8Array(300_000)]);

/** A server that takes parts, and answers each of them with 503 and these headers. Records the times of the parts. */
const busyServer = (headers: Record<string, string>): { times: number[]; send: typeof fetch } => {
  const times: number[] = [];
  const send: typeof fetch = (_url, { method } = {}) => {
    if (method === 'OPTIONS')
      return Promise.resolve(new Response(null, { headers: { 'upload-limit': 'max-append-size=1000000' } }));
    if (method === 'POST') return Promise.resolve(new Response(null, { status: 201, headers: { location: '/u/1' } }));
    if (method === 'DELETE') return Promise.resolve(new Response(null));
    times.push(Date.now() - NOW);
    return Promise.resolve(new Response(null, { status: 503, headers }));
  };
  return { times, send };
};

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('location', new URL('http://localhost/'));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('an upload to a server that answers 503', () => {
  /** When each part was sent, in ms. */
  const timesWith = async (headers: Record<string, string>, forMs: number): Promise<number[]> => {
    const { times, send } = busyServer(headers);
    const controller = new AbortController();
    const sending = upload(send, '/u', BODY, { signal: controller.signal }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(forMs);
    controller.abort();
    await sending;
    return times;
  };

  test('waits as many seconds as Retry-After says', async () => {
    expect(await timesWith({ 'retry-after': '20' }, 20_500)).toEqual([0, 20_000]);
  });

  test('waits until the date in Retry-After', async () => {
    const date = new Date(NOW + MINUTE_MS).toUTCString();
    expect(await timesWith({ 'retry-after': date }, 60_100)).toEqual([0, 60_000]);
  });

  test('measures the date in Retry-After by the clock of the server', async () => {
    const headers = {
      date: new Date(NOW - 10 * MINUTE_MS).toUTCString(),
      'retry-after': new Date(NOW - 9 * MINUTE_MS).toUTCString(),
    };
    expect(await timesWith(headers, 60_500)).toEqual([0, 60_000]);
  });

  test.each(['3600', '2147484', '99999999', new Date(NOW + 1e12).toUTCString()])(
    'waits five minutes when Retry-After is %s [upload-pause]',
    async (value) => {
      expect(await timesWith({ 'retry-after': value }, 5 * MINUTE_MS + 500)).toEqual([0, 5 * MINUTE_MS]);
    },
  );

  test.each(['0', new Date(NOW - MINUTE_MS).toUTCString(), 'soon', '-5', '1e3', '', '5 seconds', 'Tomorrow'])(
    'waits only for its own pauses when Retry-After is "%s"',
    async (value) => {
      // With half of the chance: 125 ms, then 250 ms, as without the header.
      expect(await timesWith({ 'retry-after': value }, 400)).toEqual([0, 125, 375]);
    },
  );
});

describe('an upload that a busy server takes later', () => {
  /** Answers the first request of each of these methods with this status, and all others with success. */
  const busyAt = (methods: readonly string[], status: number, headers: Record<string, string>) => {
    const left = new Set(methods);
    const sent: string[] = [];
    const send: typeof fetch = async (_url, { method = 'GET' } = {}) => {
      sent.push(`${method} ${Date.now() - NOW}`);
      if (left.delete(method)) return new Response(null, { status, headers });
      if (method === 'OPTIONS') return new Response(null, { headers: { 'upload-limit': 'max-append-size=1000000' } });
      if (method === 'POST') return new Response(null, { status: 201, headers: { location: '/u/1' } });
      const isFirst = sent.filter((each) => each.startsWith('PATCH')).length === 1;
      return new Response(null, isFirst ? { headers: { 'upload-complete': '?0', 'upload-offset': '262144' } } : {});
    };
    return { sent, send };
  };

  test('waits as the answers to its first requests say, and then sends its parts [upload-busy]', async () => {
    const { sent, send } = busyAt(['OPTIONS', 'POST'], 503, { 'retry-after': '20' });
    const uploading = upload(send, '/u', BODY);
    await vi.advanceTimersByTimeAsync(40_000);
    expect((await uploading).status).toBe(200);
    expect(sent).toEqual(['OPTIONS 0', 'OPTIONS 20000', 'POST 20000', 'POST 40000', 'PATCH 40000', 'PATCH 40000']);
  });

  test('gives the caller an answer that names no time', async () => {
    const { sent, send } = busyAt(['POST'], 503, {});
    expect((await upload(send, '/u', BODY)).status).toBe(503);
    expect(sent).toEqual(['OPTIONS 0', 'POST 0']);
  });

  test('ends its wait when the page aborts it', async () => {
    const { sent, send } = busyAt(['POST'], 429, { 'retry-after': '300' });
    const controller = new AbortController();
    const uploading = upload(send, '/u', BODY, { signal: controller.signal });
    void vi.advanceTimersByTimeAsync(1_000).then(() => controller.abort());
    await expect(uploading).rejects.toThrow('abort');
    expect(sent).toEqual(['OPTIONS 0', 'POST 0']);
  });
});
