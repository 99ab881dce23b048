import { createHash, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRange } from '../../../server/demo/media.ts';
import { bearer, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

let server: TestServer;
let auth: { authorization: string };
beforeAll(async () => {
  server = await startTestServer();
  auth = bearer((await passwordLogin(server.call)).access_token);
});
afterAll(() => server.stop());

const get = (path: string, headers: Record<string, string> = {}) =>
  server.call(path, { headers: { ...auth, ...headers } });

describe('API', () => {
  test('answers errors as problem details that no cache stores [api-not-cached]', async () => {
    const response = await server.call('/api/v1/nothing');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('answers 421 to an unknown host name', async () => {
    const status = await new Promise((done, fail) => {
      const { port } = new URL(server.url);
      request({ host: '127.0.0.1', port, path: '/api/auth/status', headers: { host: 'evil.test' } }, (response) => {
        response.resume();
        done(response.statusCode);
      })
        .on('error', fail)
        .end();
    });
    expect(status).toBe(421);
  });

  test('requires authorization for the models', async () => {
    expect((await server.call('/api/v1/llm/models')).status).toBe(401);
    expect(await (await get('/api/v1/llm/models')).json()).toEqual({
      models: expect.any(Array) as unknown,
      default: expect.any(String) as unknown,
    });
  });
});

describe('notes', () => {
  const add = (text: string, key?: string) =>
    server.call('/api/v1/notes', {
      json: { text },
      headers: { ...auth, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    });
  const texts = async () =>
    ((await (await get('/api/v1/notes')).json()) as { notes: { text: string }[] }).notes.map(({ text }) => text);

  test('creates one note for one idempotency key, also in parallel', async () => {
    const key = randomUUID();
    const text = randomUUID();
    const responses = await Promise.all(Array.from({ length: 10 }, () => add(text, key)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(await Promise.all(responses.map((response) => response.text()))).size).toBe(1);
    expect(responses.filter((response) => response.headers.get('idempotency-replayed') === 'true')).toHaveLength(9);
    expect((await texts()).filter((found) => found === text)).toHaveLength(1);
  });

  test('refuses one idempotency key for two requests', async () => {
    const key = randomUUID();
    expect((await add('first', key)).status).toBe(201);
    expect((await add('second', key)).status).toBe(422);
    expect(await texts()).not.toContain('second');
  });

  test('creates a note for each request without a key', async () => {
    const text = randomUUID();
    await add(text);
    await add(text);
    expect((await texts()).filter((found) => found === text)).toHaveLength(2);
  });

  test('removes the oldest note above the limit', async () => {
    const other = bearer((await passwordLogin(server.call, 'other', 'secret')).access_token);
    const write = (n: number) => server.call('/api/v1/notes', { json: { text: `${n}` }, headers: other });
    await Promise.all(Array.from({ length: 205 }, (_, n) => write(n)));
    await write(205);
    const { notes } = (await (await server.call('/api/v1/notes', { headers: other })).json()) as {
      notes: { text: string }[];
    };
    expect(notes).toHaveLength(200);
    expect(notes.at(-1)?.text).toBe('205');
  });

  test('refuses empty and long texts, and hides the notes of other people', async () => {
    expect((await add(' ')).status).toBe(400);
    expect((await add('x'.repeat(1_001))).status).toBe(400);
    const other = await passwordLogin(server.call, 'other', 'secret');
    const mine = randomUUID();
    await add(mine);
    const theirs = await server.call('/api/v1/notes', { headers: bearer(other.access_token) });
    expect(theirs.status).toBe(200);
    expect(await theirs.text()).not.toContain(mine);
  });
});

describe('media', () => {
  test('serves a picture and a clip with their types', async () => {
    const picture = await get('/api/v1/media/picture.png');
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(
      Buffer.from(await picture.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    const clip = await get('/api/v1/media/clip.mp4');
    expect(
      Buffer.from(await clip.arrayBuffer())
        .subarray(4, 8)
        .toString(),
    ).toBe('ftyp');
    expect((await server.call('/api/v1/media/picture.png')).status).toBe(401);
  });

  test('serves exactly the bytes of a range', async () => {
    const whole = Buffer.from(await (await get('/api/v1/media/clip.mp4')).arrayBuffer());
    for (const [range, start, end] of [
      ['bytes=0-99', 0, 99],
      ['bytes=100-', 100, whole.length - 1],
      ['bytes=-10', whole.length - 10, whole.length - 1],
    ] as const) {
      const part = await get('/api/v1/media/clip.mp4', { range });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end}/${whole.length}`);
      expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(start, end + 1));
    }
    const beyond = await get('/api/v1/media/clip.mp4', { range: `bytes=${whole.length}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${whole.length}`);
  });

  test.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=4-99', { start: 4, end: 9 }],
    ['bytes=5-3', 'whole'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=-99', { start: 0, end: 9 }],
    ['bytes=0-1,3-4', 'whole'],
    ['lines=0-1', 'whole'],
    [undefined, 'whole'],
  ] as const)('parses the range %s of ten bytes', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  test('returns size and SHA-256 of an upload', async () => {
    const bytes = 3_000_000;
    const response = await fetch(`${server.url}/api/v1/media/upload`, {
      method: 'POST',
      headers: auth,
      body: new Uint8Array(bytes),
    });
    const sha256 = createHash('sha256').update(Buffer.alloc(bytes)).digest('hex');
    expect(await response.json()).toEqual({ bytes, sha256 });
  });

  test('serves a download with name and length, once per link and without a token', async () => {
    const minted = await server.call('/api/v1/media/download/link', { method: 'POST', headers: auth });
    const { url } = (await minted.json()) as { url: string };
    const response = await server.call(url);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="sample.bin"');
    let received = 0;
    for await (const part of response.body ?? []) received += part.length;
    expect(received).toBe(Number(response.headers.get('content-length')));
    expect((await server.call(url)).status).toBe(403);
    expect((await server.call('/api/v1/media/download')).status).toBe(401);
  });

  test('serves a stream of events', async () => {
    const response = await get('/api/v1/media/stream?count=3&everyMs=5');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe('id: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\nid: 3\ndata: {"n":3}\n\n');
  });
});
