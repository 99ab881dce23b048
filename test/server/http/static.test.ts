import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEEPER_CONFIG } from '../../../src/protocol/config.ts';
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

type StaticResponse = {
  status: number;
  headers: Record<string, string>;
  cookies: string[];
  bytes: Buffer;
  body: string;
};

/** Uses `node:http`, because `fetch` does not let callers set `Sec-Fetch-*`. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<StaticResponse> =>
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
  test('serves hashed files as immutable, and revalidates others', async () => {
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

  test('serves index.html for navigations, and 404 for missing files', async () => {
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

  test('gives the configuration to a navigation, and the file of the build to a worker', async () => {
    writeFileSync(join(dist, 'index.html'), `<!doctype html><head><title>App</title></head><script>${INLINE}</script>`);
    const navigation = await get('/', DOCUMENT);
    const [, json = ''] =
      /<script type="application\/json" id="session-keeper">(.*?)<\/script>/.exec(navigation.body) ?? [];
    expect(KEEPER_CONFIG.read(JSON.parse(json))).toBeDefined();
    expect(navigation.headers['vary']).toContain('Sec-Fetch-Dest');
    const worker = await get('/index.html', { 'sec-fetch-dest': 'empty', accept: '*/*' });
    expect(worker.body).toBe(readFileSync(join(dist, 'index.html'), 'utf8'));
  });

  test('serves the callback with no-store [callback-not-cached]', async () => {
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
  ])('answers 404 to %s', async (path) => {
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
    put('edited-1.js.br', brotliCompressSync('of the previous build'));
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
  ])('encodes for Accept-Encoding "%s" as %s', async (accepted, coding) => {
    const { headers, bytes } = await get('/assets/page-1.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers).toMatchObject({ vary: 'Accept-Encoding', 'content-type': 'text/javascript; charset=utf-8' });
    const decoded = coding === 'br' ? brotliDecompressSync(bytes) : coding === 'gzip' ? gunzipSync(bytes) : bytes;
    expect(decoded.toString()).toBe(TEXT);
  });

  test('sets a strong ETag for each coding, and revalidates by it', async () => {
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

  test('ignores a compressed file that is older than its source', async () => {
    const { headers, body } = await get('/assets/edited-1.js', ALL);
    expect([headers['content-encoding'], body]).toEqual([undefined, 'export {};']);
  });

  test('compresses the worker with its configuration, and ignores the compressed file of the build', async () => {
    writeFileSync(join(dist, 'sw.js.br'), brotliCompressSync('without its configuration'));
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

  test('does not compress API responses, which may contain secrets beside data of other people (BREACH)', async () => {
    const { status, headers } = await get('/api/v1/auth/whoami', ALL);
    expect([status, headers['content-encoding']]).toEqual([401, undefined]);
  });

  test('revalidates a document, renews its cookie, and keeps its policy', async () => {
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
  ] as const)('serves %s with the header preset [security-headers]', async (path, headers) => {
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
    // A file may be the site's own worker, where `importScripts` takes strings.
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

  test('allows inline scripts of the build by their hash', async () => {
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
  const injected = ({ body }: StaticResponse) => {
    const [first = '', ...rest] = body.split('\n');
    expect(rest.join('\n')).toBe('console.log("worker");\n');
    const json = /^self\.__SESSION_KEEPER__ = (.*);$/.exec(first)?.[1] ?? '';
    return JSON.parse(json) as {
      config: { signIn: { oidc: { issuer: string; reuseGraceMs: number } } };
      seal?: { id: string; secret: string };
    };
  };

  test('is preceded by a document that sets the install cookie, and renews it', async () => {
    const [cookie = ''] = (await get('/', DOCUMENT)).cookies;
    expect(cookie).toMatch(
      /^__Host-Http-keeper-install=[\w-]{43}; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure$/,
    );
    const [pair = ''] = cookie.split(';');
    expect((await get('/', { ...DOCUMENT, cookie: pair })).cookies[0]).toBe(cookie);
  });

  test('has a seal in a worker fetch with the cookie, and the same bytes each time', async () => {
    const cookie = await installed();
    const first = await get('/sw.js', { ...WORKER, cookie });
    expect(first.headers).toMatchObject({
      'cache-control': 'no-store',
      vary: 'Accept-Encoding, Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode, Service-Worker, User-Agent',
    });
    expect(first.headers['content-security-policy']).toBe(
      `default-src 'none'; connect-src 'self' ${server.url.replace('http', 'ws')} ${server.issuer}; script-src 'self'`,
    );
    expect(injected(first).seal).toEqual({
      id: expect.stringMatching(/./) as unknown,
      secret: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    });
    expect(injected(first).config.signIn.oidc).toMatchObject({ issuer: server.issuer, reuseGraceMs: 30_000 });
    expect((await get('/sw.js', { ...WORKER, cookie })).body).toBe(first.body);
  });

  test('has a different secret for each installation', async () => {
    const [one, two] = await Promise.all([installed(), installed()]);
    const secrets = await Promise.all(
      [one, two].map(async (cookie) => injected(await get('/sw.js', { ...WORKER, cookie })).seal?.secret),
    );
    expect(new Set(secrets).size).toBe(2);
  });

  test('is refused in a worker fetch without a valid cookie, so that the old worker stays', async () => {
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
  ])('has no seal for %s', async (_name, headers) => {
    const answer = await get('/sw.js', { ...headers, cookie: await installed() });
    expect(answer.status).toBe(200);
    expect(injected(answer).seal).toBeUndefined();
  });

  test('answers 404 when the script is missing', async () => {
    expect((await get('/keeper-sw.js', { ...WORKER, cookie: await installed() })).status).toBe(404);
  });
});
