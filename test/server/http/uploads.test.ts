import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_UPLOAD_BYTES } from '../../../server/demo/uploads.ts';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const UPLOAD = '/api/v1/media/upload';
const folder = temporaryDir();

let server: TestServer;
let auth: { authorization: string };
let stranger: { authorization: string };

const open = async (): Promise<void> => {
  server = await startTestServer({ dataDir: folder.dir });
  auth = bearer((await passwordLogin(server.call)).access_token);
  stranger = bearer((await passwordLogin(server.call, 'other', 'secret')).access_token);
};
beforeAll(open);
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const begin = async (length: number, headers: Record<string, string> = {}, who = auth): Promise<string> => {
  const response = await server.call(UPLOAD, {
    method: 'POST',
    headers: { ...who, 'upload-complete': '?0', 'upload-length': String(length), ...headers },
  });
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
};

const PART = { 'content-type': 'application/partial-upload' };

const append = (place: string, offset: number, body: string, complete: boolean, who = auth): Promise<Response> =>
  fetch(server.url + place, {
    method: 'PATCH',
    headers: { ...who, ...PART, 'upload-offset': String(offset), 'upload-complete': complete ? '?1' : '?0' },
    body,
  });

const offsetAt = async (place: string, who = auth): Promise<string | null> =>
  (await server.call(place, { method: 'HEAD', headers: who })).headers.get('upload-offset');

const receipt = (text: string) => ({ bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') });

describe('an upload in parts', () => {
  test('is acknowledged by its offset and digested at its end', async () => {
    const place = await begin(10);
    const first = await append(place, 0, '01234', false);
    expect([first.status, first.headers.get('upload-offset'), first.headers.get('upload-complete')]).toEqual([
      204,
      '5',
      '?0',
    ]);
    expect(await offsetAt(place)).toBe('5');
    const last = await append(place, 5, '56789', true);
    expect([last.status, last.headers.get('upload-complete'), await last.json()]).toEqual([
      200,
      '?1',
      receipt('0123456789'),
    ]);
    expect(await offsetAt(place)).toBe('10');
  });

  test('answers once more when its last answer was lost', async () => {
    const place = await begin(3);
    await append(place, 0, 'abc', true);
    const again = await append(place, 0, 'abc', true);
    expect([again.status, again.headers.get('upload-offset')]).toEqual([409, '3']);
    expect(await (await append(place, 3, '', true)).json()).toEqual(receipt('abc'));
  });

  test('takes no part that begins elsewhere, and tells where it ends', async () => {
    const place = await begin(10);
    await append(place, 0, '012', false);
    for (const offset of [0, 2, 4]) {
      const response = await append(place, offset, 'x', false);
      expect([response.status, response.headers.get('upload-offset')]).toEqual([409, '3']);
    }
    const early = await append(place, 3, '3', true);
    expect([early.status, early.headers.get('upload-offset')]).toEqual([409, '4']);
    expect((await append(place, 4, '456789-and-more', true)).status).toBe(400);
    expect(await offsetAt(place)).toBe('4');
  });

  test('survives a restart of the server, and begins twice only without a key', async () => {
    const key = { 'idempotency-key': 'one' };
    const place = await begin(6, key);
    await append(place, 0, 'abc', false);
    await server.stop();
    await open();
    expect(await begin(6, key)).toBe(place);
    expect(await begin(6)).not.toBe(place);
    expect(await offsetAt(place)).toBe('3');
    expect(await (await append(place, 3, 'def', true)).json()).toEqual(receipt('abcdef'));
  });

  test('is nobody else’s', async () => {
    const place = await begin(3);
    expect((await append(place, 0, 'abc', true, stranger)).status).toBe(404);
    expect((await server.call(place, { method: 'HEAD', headers: stranger })).status).toBe(404);
    expect((await server.call(place, { method: 'DELETE', headers: stranger })).status).toBe(404);
    expect((await server.call(place, { method: 'HEAD' })).status).toBe(401);
    expect(await begin(3, { 'idempotency-key': 'shared' }, stranger)).not.toBe(
      await begin(3, { 'idempotency-key': 'shared' }),
    );
  });

  test('can be removed', async () => {
    const place = await begin(3);
    await append(place, 0, 'a', false);
    expect((await server.call(place, { method: 'DELETE', headers: auth })).status).toBe(204);
    expect((await append(place, 1, 'bc', true)).status).toBe(404);
  });

  test('keeps what came of a part that broke off, and lets the next one in at once', async () => {
    const place = await begin(8);
    const broken = request(server.url + place, {
      method: 'PATCH',
      headers: { ...auth, ...PART, 'upload-offset': '0', 'upload-complete': '?0', 'content-length': '8' },
    });
    broken.on('error', () => undefined);
    broken.write('abcd');
    // it is still open: the newer request ends it
    await expect.poll(() => offsetAt(place)).toBe('4');
    expect(await (await append(place, 4, 'efgh', true)).json()).toEqual(receipt('abcdefgh'));
    broken.destroy();
  });

  test('is bounded', async () => {
    const options = await server.call(UPLOAD, { method: 'OPTIONS', headers: auth });
    expect(options.headers.get('upload-limit')).toBe(`max-size=${MAX_UPLOAD_BYTES}, max-append-size=16777216`);
    const refused = async (headers: Record<string, string>, who = auth): Promise<number> =>
      (await server.call(UPLOAD, { method: 'POST', headers: { ...who, 'upload-complete': '?0', ...headers } })).status;
    expect(await refused({ 'upload-length': String(MAX_UPLOAD_BYTES + 1) })).toBe(413);
    expect(await refused({ 'upload-length': '-1' })).toBe(400);
    expect(await refused({})).toBe(400);
    const started: number[] = [];
    for (let count = 0; count < 20; count += 1) started.push(await refused({ 'upload-length': '1' }, stranger));
    expect(started.at(-1)).toBe(429);
  });
});
