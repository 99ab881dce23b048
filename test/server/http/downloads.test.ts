import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { bearer, passwordLogin, startTestServer, type PasswordAnswer, type TestServer } from '../support/start.ts';

const SIZE = 64 * 1024 * 1024;

let server: TestServer;
let tokens: PasswordAnswer;
beforeAll(async () => {
  server = await startTestServer();
  tokens = await passwordLogin(server.call);
});
afterAll(() => server.stop());

const createLink = async ({ access_token: token } = tokens): Promise<string> => {
  const response = await server.call('/api/v1/media/download/link', { method: 'POST', headers: bearer(token) });
  return ((await response.json()) as { url: string }).url;
};

/** Status, and the number of bytes that the server announces. */
const open = async (url: string, init: { method?: string; headers?: Record<string, string> } = {}) => {
  const { status, headers, body } = await server.call(url, init);
  await body?.cancel();
  return { status, bytes: Number(headers.get('content-length')), range: headers.get('content-range') };
};

describe('a download link', () => {
  test('is for one download, and HEAD does not use it up [link-head]', async () => {
    const url = await createLink();
    for (let times = 0; times < 2; times += 1)
      expect(await open(url, { method: 'HEAD' })).toEqual({ status: 200, bytes: SIZE, range: null });
    expect(await open(url)).toMatchObject({ status: 200, bytes: SIZE });
    expect((await open(url)).status).toBe(403);
    expect((await open(url, { headers: { range: 'bytes=0-' } })).status).toBe(403);
  });

  test('starts one download when two requests come at once', async () => {
    const url = await createLink();
    const statuses = (await Promise.all([open(url), open(url), open(url)])).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 403, 403]);
  });

  test('resumes a download that has started, as often as it breaks [link-resumes]', async () => {
    const url = await createLink();
    const from = (start: number, headers = {}) => open(url, { headers: { range: `bytes=${start}-`, ...headers } });
    expect((await from(65_536)).status).toBe(403);
    await open(url);
    for (const start of [65_536, 1_000_000, SIZE - 1]) {
      const range = `bytes ${start}-${SIZE - 1}/${SIZE}`;
      expect(await from(start)).toEqual({ status: 206, bytes: SIZE - start, range });
    }
    // The file changed: the whole download would start again.
    expect((await from(65_536, { 'if-range': '"other"' })).status).toBe(403);
  });

  test('ends with its session, also while the download is under way', async () => {
    const own = await passwordLogin(server.call);
    const url = await createLink(own);
    await open(url);
    await server.call('/api/v1/auth/logout', { json: { refresh_token: own.refresh_token } });
    expect((await open(url, { headers: { range: 'bytes=5-' } })).status).toBe(403);
    expect((await open(url, { method: 'HEAD' })).status).toBe(403);
  });
});

test('a download with a token has ranges too', async () => {
  const response = await server.call('/api/v1/media/download', {
    headers: { ...bearer(tokens.access_token), range: 'bytes=10-19' },
  });
  expect(response.status).toBe(206);
  expect((await response.arrayBuffer()).byteLength).toBe(10);
  const unsatisfiable = { ...bearer(tokens.access_token), range: `bytes=${SIZE}-` };
  expect((await open('/api/v1/media/download', { headers: unsatisfiable })).status).toBe(416);
});

test('an event stream passes a proxy without a buffer', async () => {
  const response = await server.call('/api/v1/media/stream?count=1', { headers: bearer(tokens.access_token) });
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  await response.body?.cancel();
});
