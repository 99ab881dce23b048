import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSealer, sealedWorker, type SealedWorker } from '../../../server/kit/index.ts';
import { sendRaw, type RawReply } from '../support/raw-request.ts';
import { temporaryDir } from '../support/start.ts';

const KEY = 'k'.repeat(32);
const FORMER = 'f'.repeat(32);
const CONFIG = {
  api: [{ origin: 'https://api.example', path: '/' }],
  whoami: '/api/me',
  signIn: { ticket: { login: '/api/login', status: '/api/status', logout: '/api/logout' } },
  sockets: [],
} as const;
const DOCUMENT = { 'sec-fetch-dest': 'document', accept: 'text/html' };
const WORKER = { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin', 'service-worker': 'script' };

const folder = temporaryDir();
let worker: SealedWorker;
beforeAll(() => {
  mkdirSync(join(folder.dir, 'assets'));
  writeFileSync(join(folder.dir, 'keeper-sw.js'), 'run();\n');
  writeFileSync(join(folder.dir, 'keeper.js'), 'export {};\n');
  writeFileSync(join(folder.dir, 'assets', 'keeper-part-12345678.js'), 'part();\n');
  writeFileSync(join(folder.dir, 'index.html'), 'the demo');
  worker = sealedWorker({ sealer: createSealer({ keys: [KEY] }), config: CONFIG, files: folder.dir });
});
afterAll(() => folder.remove());

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;
type Express = { use(handler: unknown): Express; get(path: string, handler: Handler): Express };

/** A page that shows its nonce, with a header and a cookie of its own. */
const page = (nonce: string): string => `<!doctype html><script nonce="${nonce}">start()</script>`;
const OWN = { 'content-type': 'text/html', 'set-cookie': 'own=1', 'referrer-policy': 'origin' };

/** A new site of each kind. */
const SITES: Readonly<Record<string, () => Promise<Handler>>> = {
  'node:http': async () => async (request, response) => {
    if (await worker.node(request, response)) return;
    const nonce = request.url === '/' ? worker.nonceOf(request) : '';
    for (const [name, value] of Object.entries(OWN))
      if (name === 'set-cookie') response.appendHeader(name, value);
      else response.setHeader(name, value);
    response.end(page(nonce));
  },
  express: async () => {
    const name = 'express';
    const { default: express } = (await import(name)) as { default: () => Express };
    const app = express().use(worker.express);
    app.get('/', (request, response) => {
      response.appendHeader('set-cookie', 'own=1');
      response.setHeader('referrer-policy', 'origin');
      response.setHeader('content-type', 'text/html');
      response.end(page(worker.nonceOf(request)));
    });
    return app as unknown as Handler;
  },
  fastify: async () => {
    const { default: fastify } = await import('fastify');
    const app = fastify();
    app.addHook('onRequest', worker.fastify);
    app.get('/', (request, reply) => reply.headers(OWN).send(page(worker.nonceOf(request.raw))));
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  hono: async () => {
    const app = new Hono();
    app.use(worker.hono);
    app.get('/', (c) => new Response(page(worker.nonceOf(c.req.raw)), { headers: OWN }));
    return getRequestListener(app.fetch);
  },
  fetch: async () =>
    getRequestListener((request) =>
      worker.fetch(request, () =>
        new URL(request.url).pathname === '/'
          ? new Response(page(worker.nonceOf(request)), { headers: OWN })
          : new Response(null, { status: 404 }),
      ),
    ),
};

const open = async (handler: Handler): Promise<{ port: string; server: Server }> => {
  const server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: String((server.address() as AddressInfo).port), server };
};

describe.each(Object.keys(SITES))('sealedWorker on %s', (name) => {
  let site: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    site = await open(await (SITES[name] ?? SITES['fetch']!)());
  });
  afterAll(() => {
    site.server.closeAllConnections();
    site.server.close();
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<RawReply> =>
    sendRaw(site.port, { path, headers });
  const installCookieIn = ({ headers }: RawReply): string =>
    headers['set-cookie']?.find((cookie) => cookie.startsWith('__Host-Http-keeper-install=')) ?? '';

  test('sets the install cookie beside the cookies of the site, and keeps it', async () => {
    const response = await get('/', DOCUMENT);
    expect(response.headers['set-cookie']).toHaveLength(2);
    expect(response.headers['set-cookie']).toContain('own=1');
    const cookie = installCookieIn(response);
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax; Secure$/);
    const again = await get('/', { ...DOCUMENT, cookie: cookie.split(';')[0] ?? '' });
    expect(installCookieIn(again)).toBe(cookie);
  });

  test('sends a policy with the nonce of the page, and the header that the site set itself', async () => {
    const { headers, text } = await get('/', DOCUMENT);
    const [, nonce = ''] = /nonce="([\w-]{22})"/.exec(text) ?? [];
    expect(headers['content-security-policy']).toContain(`script-src 'self' 'nonce-${nonce}'`);
    expect(headers['content-security-policy']).toContain(
      `connect-src 'self' ws://127.0.0.1:${site.port} https://api.example`,
    );
    expect(headers['referrer-policy']).toBe('origin');
    expect(headers['x-frame-options']).toBe('DENY');
    expect((await get('/', DOCUMENT)).text).not.toContain(nonce);
  });

  test('gives the seal to a worker fetch with the cookie only, and the same each time', async () => {
    const [cookie = ''] = installCookieIn(await get('/', DOCUMENT)).split(';');
    const { headers, text } = await get('/keeper-sw.js', { ...WORKER, cookie });
    expect(text).toMatch(/^self\.__SESSION_KEEPER__ = \{.*"seal":\{"id":"[\w.-]+","secret":"[\w-]{43}"\}.*\};\nrun/);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; connect-src 'self'/);
    expect((await get('/keeper-sw.js', { ...WORKER, cookie })).text).toBe(text);
    expect((await get('/keeper-sw.js', { cookie })).text).not.toContain('seal');
    expect((await get('/keeper-sw.js', WORKER)).status).toBe(403);
  });

  test('serves the ready files, and none of the other files beside them', async () => {
    const { status, headers } = await get('/keeper.js');
    expect([status, headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect((await get('/assets/keeper-part-12345678.js')).headers['cache-control']).toMatch(/immutable$/);
    expect((await get('/index.html')).text).not.toContain('the demo');
    expect((await get('/keeper/../../package.json')).text).not.toContain('session-keeper');
  });
});

describe('createSealer', () => {
  const sealOf = async (keys: readonly string[]): Promise<string> => {
    const made = sealedWorker({ sealer: createSealer({ keys }), config: CONFIG, files: folder.dir });
    const cookie = `__Host-Http-keeper-install=${'a'.repeat(43)}`;
    const request = new Request('https://app.example/keeper-sw.js', { headers: { cookie, ...WORKER } });
    return (await made.fetch(request, () => new Response())).text();
  };
  const secretsIn = (text: string): readonly string[] =>
    [...text.matchAll(/"secret":"([\w-]+)"/g)].map(([, id]) => id ?? '');

  test('gives the secrets of former keys too, so that a session can be sealed again', async () => {
    const [first] = secretsIn(await sealOf([FORMER]));
    const [newest, former] = secretsIn(await sealOf([KEY, FORMER]));
    expect(former).toBe(first);
    expect(newest).not.toBe(first);
  });

  test('says what is wrong when the key is missing or short', () => {
    expect(() => createSealer({ keys: [undefined] })).toThrow(/keys\[0\] is missing.*openssl/);
    expect(() => createSealer({ keys: [] })).toThrow(/keys\[0\] is missing/);
    expect(() => createSealer({ keys: [KEY, 'short'] })).toThrow(/keys\[1\] has 5 characters, and needs at least 32/);
  });
});

describe('sealedWorker', () => {
  const sealer = createSealer({ keys: [KEY] });

  test('names the field of a configuration that does not fit', () => {
    // @ts-expect-error a number is no path
    const make = () => sealedWorker({ sealer, config: { ...CONFIG, whoami: 7 }, files: folder.dir });
    expect(make).toThrow('sealedWorker: config.whoami is 7, and should be a string.');
  });

  test('takes the scheme from the proxy, and the origin from the option', async () => {
    const own = sealedWorker({
      sealer,
      config: CONFIG,
      origin: 'https://app.example',
      headers: { trustedTypes: false },
    });
    const request = new Request('http://10.0.0.1:3000/', {
      headers: { accept: 'text/html', 'x-forwarded-proto': 'https' },
    });
    const { headers } = await own.fetch(request, () => new Response('', { status: 302, headers: { location: '/in' } }));
    expect(headers.get('content-security-policy')).toContain(
      "connect-src 'self' wss://app.example https://api.example",
    );
    expect(headers.get('content-security-policy')).not.toContain('trusted-types');
    expect(headers.get('set-cookie')).toContain('; Secure');
    expect(headers.get('location')).toBe('/in');
  });

  test('adds no header where the site sends its own, and no host name that is none', async () => {
    const bare = sealedWorker({ sealer, config: CONFIG, headers: false });
    const response = await bare.fetch(
      new Request('http://localhost/', { headers: { accept: 'text/html' } }),
      () => new Response(),
    );
    expect([...response.headers.keys()]).toEqual(['set-cookie']);
    const headers = { accept: 'text/html', host: "x'; script-src *" };
    const policy = (await worker.fetch(new Request('http://x/', { headers }), () => new Response())).headers.get(
      'content-security-policy',
    );
    expect(policy).not.toContain('script-src *');
  });
});
