import { createHash } from 'node:crypto';
import { request, type ClientRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

/* Two instances with one folder for uploads. The parts of an upload come to either of them. */

const UPLOAD = '/api/v1/media/upload';
const { dir, remove } = temporaryDir();
let a: TestServer;
let b: TestServer;
let auth: { authorization: string };

beforeAll(async () => {
  [a, b] = await Promise.all([startTestServer({ dataDir: dir }), startTestServer({ dataDir: dir })]);
  auth = bearer((await passwordLogin(a.call)).access_token);
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
  remove();
});

const begin = async (server: TestServer, length: number): Promise<string> => {
  const headers = { ...auth, 'upload-complete': '?0', 'upload-length': String(length) };
  return (await server.call(UPLOAD, { method: 'POST', headers })).headers.get('location') ?? '';
};
const partHeaders = (offset: number, complete: boolean): Record<string, string> => ({
  ...{ ...auth, 'content-type': 'application/partial-upload' },
  ...{ 'upload-offset': String(offset), 'upload-complete': complete ? '?1' : '?0' },
});
const send = (server: TestServer, path: string, offset: number, body: string): Promise<Response> =>
  fetch(server.local.app + path, { method: 'PATCH', headers: partHeaders(offset, true), body });
const offsetAt = async (server: TestServer, path: string): Promise<string | null> =>
  (await server.call(path, { method: 'HEAD', headers: auth })).headers.get('upload-offset');

/** A request whose body stops in the middle. */
const sendHalf = (server: TestServer, path: string, body: string): ClientRequest => {
  const sent = request(server.local.app + path, { method: 'PATCH', headers: partHeaders(0, true) });
  sent.on('error', () => undefined);
  sent.write(body);
  return sent;
};

test('cuts a request that hangs on one instance when the client continues on the other', async () => {
  const path = await begin(a, 6);
  const half = sendHalf(a, path, 'abc');
  await expect.poll(() => offsetAt(b, path), { timeout: 20_000 }).toBe('3');
  const last = await send(b, path, 3, 'def');
  expect(await last.json()).toEqual({ bytes: 6, sha256: createHash('sha256').update('abcdef').digest('hex') });
  half.destroy();
});

test('writes each byte once when both instances get the same part at once', async () => {
  const text = 'x'.repeat(200_000);
  const path = await begin(a, text.length);
  const answers = await Promise.all([send(a, path, 0, text), send(b, path, 0, text)]);
  const receipts = await Promise.all(
    answers.filter(({ status }) => status === 200).map(async (answer) => (await answer.json()) as { sha256: string }),
  );
  // One instance may cut the other in the middle of the part. The client then continues where the bytes end.
  const offset = Number(await offsetAt(a, path));
  const again = await send(a, path, offset, text.slice(offset));
  const expected = createHash('sha256').update(text).digest('hex');
  expect([...receipts, again.status === 200 ? await again.json() : undefined]).toContainEqual({
    ...{ bytes: text.length, sha256: expected },
  });
});
