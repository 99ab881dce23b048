import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const INLINE = 'document.title = "early"';
let server: TestServer;
const folder = temporaryDir();
const dist = join(folder.dir, 'dist');
beforeAll(async () => {
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(folder.dir, 'secret.txt'), 'outside');
  writeFileSync(join(dist, 'index.html'), `<!doctype html><title>App</title><script>${INLINE}</script>`);
  writeFileSync(join(dist, 'sw.js'), 'console.log("worker");\n');
  writeFileSync(join(dist, 'keeper.js'), 'export {};\n');
  writeFileSync(join(dist, 'manifest.webmanifest'), '{}');
  writeFileSync(join(dist, 'assets', 'app-abc123.js'), 'export {};\n');
  server = await startTestServer({ distDir: dist });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

type Answer = { status: number; headers: Record<string, string>; cookies: string[]; bytes: Buffer; body: string };

/** Not fetch, which keeps `Sec-Fetch-*` for itself. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((done, fail) => {
    request(server.url, { path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { 'set-cookie': cookies = [], ...rest } = response.headers;
        const bytes = Buffer.concat(chunks);
        done({
          status: response.statusCode ?? 0,
          headers: rest as Record<string, string>,
          cookies,
          bytes,
          body: bytes.toString(),
        });
      });
    })
      .on('error', fail)
      .end();
  });

const DOCUMENT = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' };

describe('files', () => {
  test('hashed files are for ever, others are asked for again', async () => {
    const asset = await get('/assets/app-abc123.js');
    expect(asset.headers['cache-control']).toContain('immutable');
    expect(asset.headers['content-type']).toBe('text/javascript; charset=utf-8');
    const script = await get('/keeper.js');
    expect(script.headers['cache-control']).toBe('no-cache');
    const again = await get('/keeper.js', { 'if-none-match': script.headers['etag'] ?? '' });
    expect(again.status).toBe(304);
    expect(again.body).toBe('');
    expect((await get('/manifest.webmanifest')).headers['content-type']).toBe('application/manifest+json');
  });

  test('a navigation gets the shell, a missing file is missing', async () => {
    for (const path of ['/', '/some/where', '/auth/callback?code=x&state=y']) {
      expect((await get(path, DOCUMENT)).body).toContain('<title>App</title>');
    }
    const scriptFetch = { 'sec-fetch-dest': 'script', accept: '*/*' };
    for (const path of ['/assets/missing.js', '/sw.js.map', '/nowhere']) {
      expect((await get(path, scriptFetch)).status).toBe(404);
    }
    expect((await get('/api/v1/nothing', DOCUMENT)).status).toBe(404);
    expect((await get('/nowhere', { 'sec-fetch-dest': 'iframe', accept: 'text/html' })).status).toBe(404);
    expect((await get('/', DOCUMENT, 'POST')).status).toBe(404);
  });

  test('the callback stays in no cache [callback-not-cached]', async () => {
    expect((await get('/auth/callback?code=x', DOCUMENT)).headers['cache-control']).toBe('no-store');
  });

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/..%5c..%5cx',
    '/%00',
    '/%ff',
  ])('%s leads nowhere', async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});

describe('compression', () => {
  const TEXT = 'export const page = "page";\n'.repeat(40);
  const ALL = { 'accept-encoding': 'gzip, deflate, br, zstd' };
  beforeAll(() => {
    const put = (name: string, bytes: string | Buffer) => writeFileSync(join(dist, 'assets', name), bytes);
    put('page-1.js', TEXT);
    put('page-1.js.br', brotliCompressSync(TEXT));
    put('page-1.js.gz', gzipSync(TEXT));
    put('edited-1.js', 'export {};');
    put('edited-1.js.br', brotliCompressSync('of the build before'));
    utimesSync(join(dist, 'assets', 'edited-1.js.br'), 1, 1);
  });

  test.each<[string, string | undefined]>([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['*', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0, *;q=0.1', 'gzip'],
    ['BR', 'br'],
    ['deflate', undefined],
    ['identity, br;q=0.5', undefined],
    ['br;q=0, gzip;q=0', undefined],
    ['', undefined],
  ])('a client that takes "%s" gets %s', async (accepted, coding) => {
    const { headers, bytes } = await get('/assets/page-1.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers).toMatchObject({ vary: 'Accept-Encoding', 'content-type': 'text/javascript; charset=utf-8' });
    const decoded = coding === 'br' ? brotliDecompressSync(bytes) : coding === 'gzip' ? gunzipSync(bytes) : bytes;
    expect(decoded.toString()).toBe(TEXT);
  });

  test('each coding has a strong tag of its own, and is asked for again by it', async () => {
    const answers = await Promise.all(
      ['br', 'gzip', 'identity'].map((coding) => get('/assets/page-1.js', { 'accept-encoding': coding })),
    );
    const tags = answers.map(({ headers }) => headers['etag'] ?? '');
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^"[\w-]+"$/);
    const again = await get('/assets/page-1.js', { ...ALL, 'if-none-match': `"other", W/${tags[0]}` });
    expect([again.status, again.body, again.headers['vary']]).toEqual([304, '', 'Accept-Encoding']);
    expect((await get('/assets/page-1.js', { ...ALL, 'if-none-match': tags[1] ?? '' })).status).toBe(200);
  });

  test('what is older than its file is of another build, and is not served', async () => {
    const { headers, body } = await get('/assets/edited-1.js', ALL);
    expect([headers['content-encoding'], body]).toEqual([undefined, 'export {};']);
  });

  test('the worker is compressed with its seal in it, and never as it was built', async () => {
    writeFileSync(join(dist, 'sw.js.br'), brotliCompressSync('without its first line'));
    const plain = await get('/sw.js');
    for (const [coding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const { headers, bytes } = await get('/sw.js', { 'accept-encoding': coding });
      expect(headers).toMatchObject({ 'content-encoding': coding, 'cache-control': 'no-store' });
      expect(decode(bytes).toString()).toBe(plain.body);
    }
  });

  test('what the API says is not: a secret may stand there beside what somebody else wrote', async () => {
    const { status, headers } = await get('/api/v1/auth/whoami', ALL);
    expect([status, headers['content-encoding']]).toEqual([401, undefined]);
  });

  test('a document is asked for again, and renews its cookie; its policy is that of its text', async () => {
    const page = await get('/', { ...DOCUMENT, ...ALL });
    const again = await get('/', { ...DOCUMENT, ...ALL, 'if-none-match': page.headers['etag'] ?? '' });
    expect([again.status, again.body]).toEqual([304, '']);
    expect(again.cookies).toHaveLength(1);
    expect(again.headers['content-security-policy']).toBe(page.headers['content-security-policy']);
  });
});

describe('headers', () => {
  test.each([
    ['/', DOCUMENT],
    ['/assets/app-abc123.js', {}],
    ['/missing.js', {}],
  ] as const)('%s carries the preset [security-headers]', async (path, headers) => {
    const answer = await get(path, headers);
    const policy = answer.headers['content-security-policy'] ?? '';
    for (const part of [
      "default-src 'none'",
      "frame-src 'none'",
      "frame-ancestors 'none'",
      `worker-src ${server.url}/sw.js ${server.url}/keeper-sw.js ${server.url}/keeper-session-sw.js ${server.url}/keeper-pulse.js;`,
      "base-uri 'none'",
    ])
      expect(policy).toContain(part);
    expect(policy).toContain(`connect-src 'self' ${server.url.replace('http', 'ws')} ${server.issuer}`);
    // In a site's own worker `importScripts` takes strings.
    expect(policy.includes('trusted-types lit-html session-keeper')).toBe(!path.startsWith('/assets/'));
    expect(policy).not.toContain('unsafe');
    expect(answer.headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    expect(answer.headers['permissions-policy']).toContain('camera=()');
  });

  test('what the build wrote inline is allowed by its hash', async () => {
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256').update(INLINE).digest('base64');
    expect((await get('/', DOCUMENT)).headers['content-security-policy']).toContain(
      `script-src 'self' 'sha256-${hash}'`,
    );
  });
});

describe('the worker script', () => {
  const WORKER = { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin', 'service-worker': 'script' };
  const installed = async () => (await get('/', DOCUMENT)).cookies[0]?.split(';')[0] ?? '';
  const baked = ({ body }: Answer) => {
    const [first = '', ...rest] = body.split('\n');
    expect(rest.join('\n')).toBe('console.log("worker");\n');
    const json = /^self\.__SESSION_KEEPER__ = (.*);$/.exec(first)?.[1] ?? '';
    return JSON.parse(json) as {
      config: { signIn: { oidc: { issuer: string; reuseGraceMs: number } } };
      seal?: { id: string; secret: string };
    };
  };

  test('a document leaves the install cookie, and renews it', async () => {
    const [cookie = ''] = (await get('/', DOCUMENT)).cookies;
    expect(cookie).toMatch(
      /^__Host-Http-keeper-install=[\w-]{43}; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure$/,
    );
    const [pair = ''] = cookie.split(';');
    expect((await get('/', { ...DOCUMENT, cookie: pair })).cookies[0]).toBe(cookie);
  });

  test('a true worker fetch with the cookie is sealed, with the same bytes each time', async () => {
    const cookie = await installed();
    const first = await get('/sw.js', { ...WORKER, cookie });
    expect(first.headers).toMatchObject({
      'cache-control': 'no-store',
      vary: 'Accept-Encoding, Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode, Service-Worker, User-Agent',
    });
    expect(first.headers['content-security-policy']).toBe(
      `default-src 'none'; connect-src 'self' ${server.url.replace('http', 'ws')} ${server.issuer}; script-src 'self'`,
    );
    expect(baked(first).seal).toEqual({
      id: expect.stringMatching(/./) as unknown,
      secret: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    });
    expect(baked(first).config.signIn.oidc).toMatchObject({ issuer: server.issuer, reuseGraceMs: 30_000 });
    expect((await get('/sw.js', { ...WORKER, cookie })).body).toBe(first.body);
  });

  test('each installation has a secret of its own', async () => {
    const [one, two] = await Promise.all([installed(), installed()]);
    const secrets = await Promise.all(
      [one, two].map(async (cookie) => baked(await get('/sw.js', { ...WORKER, cookie })).seal?.secret),
    );
    expect(new Set(secrets).size).toBe(2);
  });

  test('a worker fetch without a good cookie is refused, so that the old worker stays', async () => {
    expect((await get('/sw.js', WORKER)).status).toBe(403);
    expect((await get('/sw.js', { ...WORKER, cookie: '__Host-Http-keeper-install=short' })).status).toBe(403);
  });

  test.each([
    ['a page script', { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' }],
    ['fetch', { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', 'service-worker': 'script' }],
    ['a dedicated worker', { 'sec-fetch-dest': 'worker', 'sec-fetch-mode': 'same-origin' }],
    ['a worker fetch without its header', { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin' }],
    [
      'a worker fetch in another mode',
      { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'cors', 'service-worker': 'script' },
    ],
    ['no metadata at all', {}],
  ])('%s gets no seal', async (_name, headers) => {
    const answer = await get('/sw.js', { ...headers, cookie: await installed() });
    expect(answer.status).toBe(200);
    expect(baked(answer).seal).toBeUndefined();
  });

  test('a script that is not there is missing, for a worker too', async () => {
    expect((await get('/keeper-sw.js', { ...WORKER, cookie: await installed() })).status).toBe(404);
  });
});
