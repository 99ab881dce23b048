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
    'waits five minutes when Retry-After is %s',
    async (value) => {
      expect(await timesWith({ 'retry-after': value }, 5 * MINUTE_MS + 500)).toEqual([0, 5 * MINUTE_MS]);
    },
  );
});
