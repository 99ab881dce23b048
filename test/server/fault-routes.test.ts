import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { textOf } from '../../server/realtime/freezable-socket.ts';
import { OidcClient } from './support/agent.ts';
import { dial, dialWith, socketTicket } from './support/hub-client.ts';
import { sendRaw } from './support/raw-request.ts';
import {
  bearer,
  cookieLogin,
  passwordLogin,
  startTestServer,
  type PasswordAnswer,
  type TestServer,
} from './support/start.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
afterEach(async () => {
  await server.fault('/faults', undefined, 'DELETE');
  await server.fault('/clock', { skewMs: 0 });
});

const refresh = (token: string) => server.call('/api/v1/auth/refresh', { json: { refresh_token: token } });
const whoami = (token: string) => server.call('/api/v1/auth/whoami', { headers: bearer(token) });
const stats = async () => (await server.fault('/stats')) as Record<string, number>;
const log = async () =>
  (await server.fault('/log')) as { method: string; path: string; status: number; auth: string; sub: string | null }[];

describe('the fault routes', () => {
  const log = async (headers: Record<string, string>, target = server): Promise<number> =>
    (await sendRaw(new URL(target.local.app).port, { path: '/lab/log', headers })).status;

  test.each([
    { forwarded: 'for=192.0.2.1' },
    { via: '1.1 proxy' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-proto': 'https' },
    { 'x-real-ip': '127.0.0.1' },
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ])('refuse a request with %o [lab-proxied]', async (headers) => {
    expect(await log({ host: '127.0.0.1' })).toBe(200);
    expect([403, 421]).toContain(await log({ host: '127.0.0.1', ...headers }));
  });

  test('refuse what nginx sends without configuration', async () => {
    const socket = connect(Number(new URL(server.local.app).port), '127.0.0.1');
    socket.write('GET /lab/log HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('are off with a public origin of the application or the provider', async () => {
    for (const names of [{ publicOrigin: 'https://app.example' }, { publicIssuer: 'https://id.example' }]) {
      const target = await startTestServer({ ...names, faultRoutes: true });
      expect(await log({ host: '127.0.0.1' }, target)).toBe(404);
      await target.stop();
    }
  });

  test('meet only requests with the method and the path of the fault', async () => {
    await server.fault('/faults', { at: 'api', kind: 'status', status: 503, method: 'POST', path: '/api/v1/notes' });
    const status = async (path: string, method: string): Promise<number> =>
      (await server.call(path, { method })).status;
    expect(await status('/api/v1/notes', 'GET')).toBe(401);
    expect(await status('/api/v1/llm/models', 'POST')).not.toBe(503);
    expect(await status('/api/v1/notes', 'POST')).toBe(503);
    await fetch(`${server.url}/lab/faults`, { method: 'DELETE' });
  });

  test('end a fault by themselves after its time, though no one clears it', async () => {
    await server.fault('/faults', { at: 'api', kind: 'status', status: 503, forMs: 1_500 });
    const status = async (): Promise<number> => (await whoami('none')).status;
    expect(await status()).toBe(503);
    await expect.poll(status, { timeout: 10_000 }).toBe(401);
  });
});

describe('faults', () => {
  test('reset breaks the connection without a response, as many times as given', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    await server.fault('/faults', { at: 'api', kind: 'reset', times: 2 });
    await expect(whoami(token)).rejects.toThrow('fetch failed');
    await expect(whoami(token)).rejects.toThrow('fetch failed');
    expect((await whoami(token)).status).toBe(200);
  });

  test('status answers the given status with Retry-After until the fault is removed', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    await server.fault('/faults', { at: 'api', kind: 'status', status: 429, retryAfter: 7 });
    for (let times = 0; times < 3; times += 1) {
      const response = await whoami(token);
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('7');
    }
    await server.fault('/faults', undefined, 'DELETE');
    expect((await whoami(token)).status).toBe(200);
  });

  test('html answers the page of a captive portal', async () => {
    const { refresh_token: token } = await passwordLogin(server.call);
    await server.fault('/faults', { at: 'token', kind: 'html', times: 1 });
    const response = await refresh(token);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect((await refresh(token)).status).toBe(200);
  });

  test('lost handles the request, so that the old token gets its successor within the grace period', async () => {
    const { refresh_token: token } = await passwordLogin(server.call);
    const before = await stats();
    await server.fault('/faults', { at: 'token', kind: 'lost', times: 1 });
    await expect(refresh(token)).rejects.toThrow('fetch failed');
    expect((await stats())['refreshGrants']).toBe((before['refreshGrants'] ?? 0) + 1);
    expect((await refresh(token)).status).toBe(200);
  });

  test('hang closes the connection late, and slow responds late', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const startedAt = performance.now();
    await server.fault('/faults', { at: 'api', kind: 'hang', ms: 200, times: 1 });
    await expect(whoami(token)).rejects.toThrow('fetch failed');
    expect(performance.now() - startedAt).toBeGreaterThan(190);
    await server.fault('/faults', { at: 'api', kind: 'slow', ms: 200, times: 1 });
    expect((await whoami(token)).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(390);
  });

  test('the fault point token includes the provider, and the application can read its response', async () => {
    const client = await OidcClient.create(server);
    const { refresh: token } = await client.signIn();
    await server.fault('/faults', { at: 'token', kind: 'status', status: 503, retryAfterSeconds: 3, times: 1 });
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin: server.url },
      body: '',
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('access-control-allow-origin')).toBe(server.url);
    expect(response.headers.get('access-control-expose-headers')).toContain('Retry-After');
    await server.fault('/faults', { at: 'token', kind: 'lost', times: 1 });
    await expect(client.refresh(token)).rejects.toThrow('fetch failed');
    expect((await client.refresh(token)).ok).toBe(true);
  });

  test('tickets and sockets have fault points of their own', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    await server.fault('/faults', { at: 'ticket', kind: 'status', status: 503, times: 1 });
    expect((await server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) })).status).toBe(503);
    const ticket = await socketTicket(server, token);
    await server.fault('/faults', { at: 'socket', kind: 'status', status: 503, times: 1 });
    expect(await dialWith(server, ticket).closed).toMatchObject({ code: 1006 });
    const client = dialWith(server, ticket);
    client.ws.once('open', () => client.send(['hi', { host: 'h', epoch: 1 }]));
    await client.hello();
    client.close();
  });

  test('refuses an invalid fault', async () => {
    for (const fault of [{}, { at: 'moon', kind: 'reset' }, { at: 'api', kind: 'quake' }]) {
      expect((await server.call('/lab/faults', { json: fault })).status).toBe(400);
    }
  });
});

describe('sessions', () => {
  test('/tokens/expire revokes access tokens, and keeps refresh tokens and cookies', async () => {
    const client = await OidcClient.create(server);
    const bound = await client.signIn();
    const answer = await passwordLogin(server.call);
    const cookie = await cookieLogin(server.call);
    await server.fault('/tokens/expire', {});
    expect((await whoami(answer.access_token)).status).toBe(401);
    expect((await client.api(`${server.url}/api/v1/auth/whoami`, bound.access)).status).toBe(401);
    expect((await server.call('/api/v1/auth/whoami', { headers: { cookie } })).status).toBe(200);
    const next = (await (await refresh(answer.refresh_token)).json()) as PasswordAnswer;
    expect((await whoami(next.access_token)).status).toBe(200);
    const outcome = await client.refresh(bound.refresh);
    const access = outcome.ok ? outcome.tokens.access : '';
    expect((await client.api(`${server.url}/api/v1/auth/whoami`, access)).status).toBe(200);
  });

  test('/session/revoke ends all sessions, and closes their sockets', async () => {
    const client = await OidcClient.create(server);
    const bound = await client.signIn();
    const answer = await passwordLogin(server.call);
    const cookie = await cookieLogin(server.call);
    const socket = await dial(server, answer.access_token);
    await socket.hello();
    await server.fault('/session/revoke', {});
    expect(await socket.closed).toMatchObject({ code: 4401 });
    expect(await client.refresh(bound.refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect((await refresh(answer.refresh_token)).status).toBe(400);
    expect((await client.api(`${server.url}/api/v1/auth/whoami`, bound.access)).status).toBe(401);
    for (const headers of [bearer(answer.access_token), { cookie }]) {
      expect((await server.call('/api/v1/auth/whoami', { headers })).status).toBe(401);
    }
    expect((await client.signIn()).refresh).toMatch(/./);
  });

  test('/clock skews the Date header and tokens, and sign-ins still work', async () => {
    const skewMs = 3_600_000;
    await server.fault('/clock', { skewMs });
    const client = await OidcClient.create(server);
    const { url, verifier, state } = await client.authorizationUrl();
    const form = await client.browser.follow(url, client.callback);
    const back = await client.browser.submit(form.url, client.callback, {
      do: 'sign-in',
      username: 'demo',
      password: 'demo',
    });
    expect(new URL(back.url).searchParams.has('code')).toBe(true);
    await expect(client.exchange(back.url, verifier, state).then(({ access }) => exp(access))).resolves.toBeGreaterThan(
      (Date.now() + skewMs) / 1000,
    );
    const response = await server.call('/api/v1/llm/models');
    expect(Date.parse(response.headers.get('date') ?? '')).toBeGreaterThan(Date.now() + skewMs - 5_000);
    expect(Date.parse((await fetch(`${server.issuer}/jwks`)).headers.get('date') ?? '')).toBeGreaterThan(
      Date.now() + skewMs - 5_000,
    );
    const { access_token: token } = await passwordLogin(server.call);
    expect((await whoami(token)).status).toBe(200);
  });
});

const exp = (jwt: string): number =>
  (JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }).exp;

describe('sockets', () => {
  test('/sockets/drop closes with a code, or without a close frame', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const first = await dial(server, token);
    await first.hello();
    expect(await server.fault('/sockets/drop', { code: 1013 })).toMatchObject({ sockets: 1 });
    expect(await first.closed).toMatchObject({ code: 1013 });
    const second = await dial(server, token);
    await second.hello();
    await server.fault('/sockets/drop', {});
    expect(await second.closed).toMatchObject({ code: 1006 });
  });

  test('a frozen socket answers no frames and pings, then sends everything in order', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const topic = randomUUID();
    const client = await dial(server, token);
    await client.subscribe(topic, null);
    await server.fault('/sockets/freeze', { ms: 400 });
    const frozenAt = performance.now();
    const pong = new Promise<number>((done) => client.ws.once('pong', () => done(performance.now() - frozenAt)));
    client.ws.ping();
    client.send(['p', 1]);
    await server.fault('/publish', { topic, count: 3, everyMs: 0 });
    expect(await pong).toBeGreaterThan(350);
    await client.reach(topic, 3);
    expect(client.events(topic)).toEqual([1, 2, 3].map((n) => ({ offset: n, data: { n } })));
    client.close();
  });

  test('a frozen socket sends the queued events as soon as it thaws', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const topic = randomUUID();
    const client = await dial(server, token);
    await client.subscribe(topic, null);
    const frozenAt = performance.now();
    await server.fault('/sockets/freeze', { ms: 200 });
    await server.fault('/publish', { topic, count: 3, everyMs: 0 });
    await client.reach(topic, 3);
    // Earlier than the next ping of an idle socket, which would flush the queue.
    expect(performance.now() - frozenAt).toBeLessThan(3_000);
    expect(client.events(topic)).toEqual([1, 2, 3].map((n) => ({ offset: n, data: { n } })));
    client.close();
  });

  test('/publish sends numbers from 1, in the given size, to each user', async () => {
    const topic = randomUUID();
    const [demo, other] = await Promise.all([
      passwordLogin(server.call),
      passwordLogin(server.call, 'other', 'secret'),
    ]);
    const clients = await Promise.all([dial(server, demo.access_token), dial(server, other.access_token)]);
    await Promise.all(clients.map((client) => client.subscribe(topic, null)));
    await server.fault('/publish', { topic, count: 1200, everyMs: 0, bytes: 10 });
    for (const client of clients) {
      await client.reach(topic, 1200);
      expect(client.events(topic).map(({ offset }) => offset)).toEqual(
        Array.from({ length: 1200 }, (_, index) => index + 1),
      );
      expect(client.events(topic)[0]?.data).toEqual({ n: 1, filling: '.'.repeat(10) });
      client.close();
    }
  });

  test('the event stream answers pings, receives events, and accepts a token once', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const minted = await server.call('/api/auth/token', { headers: bearer(token) });
    const { token: ticket } = (await minted.json()) as { token: string };
    const url = `${server.url.replace('http', 'ws')}/api/events?token=${ticket}`;
    const ws = new WebSocket(url, { origin: server.url });
    const received: { type: string }[] = [];
    const until = (type: string) =>
      new Promise<unknown>((done) => {
        const check = () => {
          const found = received.find((message) => message.type === type);
          if (found) done(found);
          else ws.once('message', () => setImmediate(check));
        };
        check();
      });
    ws.on('message', (data) => received.push(JSON.parse(textOf(data)) as { type: string }));
    expect(await until('connected')).toEqual({ type: 'connected', user: { sub: 'demo', name: 'Demo User' } });
    ws.send('{"type":"ping"}');
    expect(await until('pong')).toEqual({ type: 'pong' });
    await server.fault('/publish', { topic: 'news', count: 1, everyMs: 1 });
    expect(await until('event')).toMatchObject({ type: 'event', topic: 'news', data: { n: 1 } });
    const code = await new Promise((done) => new WebSocket(url, { origin: server.url }).on('close', done));
    expect(code).toBe(4401);
    ws.close();
  });
});

describe('log and counters', () => {
  test('the log has request, credential and subject, but no query and no fault route', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const cookie = await cookieLogin(server.call);
    await server.fault('/log', undefined, 'DELETE');
    await whoami(token);
    await server.call('/api/v1/llm/models?secret=1', { headers: { cookie } });
    await server.call('/api/v1/llm/models');
    await server.fault('/faults', { at: 'api', kind: 'reset', times: 1 });
    await whoami(token).catch(() => undefined);
    const entries = await log();
    expect(entries.map(({ method, path, status, auth, sub }) => [method, path, status, auth, sub])).toEqual([
      ['GET', '/api/v1/auth/whoami', 200, 'bearer', 'demo'],
      ['GET', '/api/v1/llm/models', 200, 'cookie', 'demo'],
      ['GET', '/api/v1/llm/models', 401, 'none', null],
      ['GET', '/api/v1/auth/whoami', 0, 'bearer', null],
    ]);
    expect(JSON.stringify(entries)).not.toContain('secret');
  });

  test('/stats counts refreshes, token requests, tickets and sockets', async () => {
    const before = await stats();
    const { access_token: token, refresh_token: refreshToken } = await passwordLogin(server.call);
    await refresh(refreshToken);
    const client = await dial(server, token);
    await client.hello();
    const after = await stats();
    const grown = Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
    expect(grown).toEqual({
      refreshGrants: 1,
      tokenRequests: 2,
      ticketsMinted: 1,
      ticketsUsed: 1,
      socketsOpen: 1,
      socketsOpened: 1,
    });
    client.close();
  });

  test('refuses pages of other origins', async () => {
    expect((await server.call('/lab/stats', { headers: { origin: 'http://evil.test' } })).status).toBe(403);
    expect((await server.call('/lab/stats', { headers: { origin: server.url } })).status).toBe(200);
  });

  test('answers 404 without --lab', async () => {
    const bare = await startTestServer({ faultRoutes: false });
    expect((await bare.call('/lab/stats')).status).toBe(404);
    const page = await bare.call('/api/v1/auth/whoami');
    expect(page.status).toBe(401);
    await bare.stop();
  });
});

describe('a restart', () => {
  test('refuses connections for its time, and then serves as before', async () => {
    const { port } = new URL(server.local.app);
    const isOpen = (): Promise<boolean> =>
      new Promise<boolean>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1');
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
    await server.fault('/restart', { downMs: 300 }, 'POST');
    await expect.poll(isOpen, { interval: 10, timeout: 5_000 }).toBe(false);
    await expect.poll(isOpen, { interval: 20, timeout: 5_000 }).toBe(true);
    await stats();
  });
});
