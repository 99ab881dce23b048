import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_UPLOAD_BYTES } from '../../../server/demo/uploads.ts';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const UPLOAD = '/api/v1/media/upload';
const folder = temporaryDir();

let server: TestServer;
let auth: { authorization: string };
let otherAuth: { authorization: string };

const open = async (): Promise<void> => {
  server = await startTestServer({ dataDir: folder.dir });
  auth = bearer((await passwordLogin(server.call)).access_token);
  otherAuth = bearer((await passwordLogin(server.call, 'other', 'secret')).access_token);
};
beforeAll(open);
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const begin = async (length: number, headers: Record<string, string> = {}, as = auth): Promise<string> => {
  const response = await server.call(UPLOAD, {
    method: 'POST',
    headers: { ...as, 'upload-complete': '?0', 'upload-length': String(length), ...headers },
  });
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
};

const PART = { 'content-type': 'application/partial-upload' };

type Part = { body: string; offset: number; complete: boolean };

const append = (path: string, { offset, body, complete }: Part, as = auth): Promise<Response> =>
  fetch(server.url + path, {
    method: 'PATCH',
    headers: { ...as, ...PART, 'upload-offset': String(offset), 'upload-complete': complete ? '?1' : '?0' },
    body,
  });

const offsetAt = async (path: string, as = auth): Promise<string | null> =>
  (await server.call(path, { method: 'HEAD', headers: as })).headers.get('upload-offset');

const receipt = (text: string) => ({ bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') });

describe('an upload in parts', () => {
  test('is acknowledged by its offset, and ends with its digest', async () => {
    const path = await begin(10);
    const first = await append(path, { offset: 0, body: '01234', complete: false });
    expect([first.status, first.headers.get('upload-offset'), first.headers.get('upload-complete')]).toEqual([
      204,
      '5',
      '?0',
    ]);
    expect(await offsetAt(path)).toBe('5');
    const last = await append(path, { offset: 5, body: '56789', complete: true });
    expect([last.status, last.headers.get('upload-complete'), await last.json()]).toEqual([
      200,
      '?1',
      receipt('0123456789'),
    ]);
    expect(await offsetAt(path)).toBe('10');
  });

  test('repeats the last response when the client did not receive it', async () => {
    const path = await begin(3);
    await append(path, { offset: 0, body: 'abc', complete: true });
    const again = await append(path, { offset: 0, body: 'abc', complete: true });
    expect([again.status, again.headers.get('upload-offset')]).toEqual([409, '3']);
    expect(await (await append(path, { offset: 3, body: '', complete: true })).json()).toEqual(receipt('abc'));
  });

  test('refuses a part at another offset, and returns the right one', async () => {
    const path = await begin(10);
    await append(path, { offset: 0, body: '012', complete: false });
    for (const offset of [0, 2, 4]) {
      const response = await append(path, { offset, body: 'x', complete: false });
      expect([response.status, response.headers.get('upload-offset')]).toEqual([409, '3']);
    }
    const early = await append(path, { offset: 3, body: '3', complete: true });
    expect([early.status, early.headers.get('upload-offset')]).toEqual([409, '4']);
    expect((await append(path, { offset: 4, body: '456789-and-more', complete: true })).status).toBe(400);
    expect(await offsetAt(path)).toBe('4');
  });

  test('survives a restart of the server, and starts once for each key', async () => {
    const key = { 'idempotency-key': 'one' };
    const path = await begin(6, key);
    await append(path, { offset: 0, body: 'abc', complete: false });
    await server.stop();
    await open();
    expect(await begin(6, key)).toBe(path);
    expect(await begin(6)).not.toBe(path);
    expect(await offsetAt(path)).toBe('3');
    expect(await (await append(path, { offset: 3, body: 'def', complete: true })).json()).toEqual(receipt('abcdef'));
  });

  test('is hidden from other people', async () => {
    const path = await begin(3);
    expect((await append(path, { offset: 0, body: 'abc', complete: true }, otherAuth)).status).toBe(404);
    expect((await server.call(path, { method: 'HEAD', headers: otherAuth })).status).toBe(404);
    expect((await server.call(path, { method: 'DELETE', headers: otherAuth })).status).toBe(404);
    expect((await server.call(path, { method: 'HEAD' })).status).toBe(401);
    expect(await begin(3, { 'idempotency-key': 'shared' }, otherAuth)).not.toBe(
      await begin(3, { 'idempotency-key': 'shared' }),
    );
  });

  test('can be deleted', async () => {
    const path = await begin(3);
    await append(path, { offset: 0, body: 'a', complete: false });
    expect((await server.call(path, { method: 'DELETE', headers: auth })).status).toBe(204);
    expect((await append(path, { offset: 1, body: 'bc', complete: true })).status).toBe(404);
  });

  test('keeps the received bytes of a broken part, and accepts the next part at once', async () => {
    const path = await begin(8);
    const broken = request(server.url + path, {
      method: 'PATCH',
      headers: { ...auth, ...PART, 'upload-offset': '0', 'upload-complete': '?0', 'content-length': '8' },
    });
    broken.on('error', () => undefined);
    broken.write('abcd');
    // The broken request is still open. The newer request aborts it.
    await expect.poll(() => offsetAt(path)).toBe('4');
    expect(await (await append(path, { offset: 4, body: 'efgh', complete: true })).json()).toEqual(receipt('abcdefgh'));
    broken.destroy();
  });

  test('is refused when its length is invalid or too large, or the user has too many', async () => {
    const options = await server.call(UPLOAD, { method: 'OPTIONS', headers: auth });
    expect(options.headers.get('upload-limit')).toBe(`max-size=${MAX_UPLOAD_BYTES}, max-append-size=16777216`);
    const refused = async (headers: Record<string, string>, as = auth): Promise<number> =>
      (await server.call(UPLOAD, { method: 'POST', headers: { ...as, 'upload-complete': '?0', ...headers } })).status;
    expect(await refused({ 'upload-length': String(MAX_UPLOAD_BYTES + 1) })).toBe(413);
    expect(await refused({ 'upload-length': '-1' })).toBe(400);
    expect(await refused({})).toBe(400);
    const started: number[] = [];
    for (let count = 0; count < 20; count += 1) started.push(await refused({ 'upload-length': '1' }, otherAuth));
    expect(started.at(-1)).toBe(429);
  });
});
