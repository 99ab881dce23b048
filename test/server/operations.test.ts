import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLog, maskedAddress } from '../../server/operations/log.ts';
import { routeName } from '../../server/operations/route-name.ts';
import { sendRaw } from './support/raw-request.ts';
import { bearer, passwordLogin, startTestServer, type TestServer } from './support/start.ts';

const TOKEN = 'a-token-for-the-metrics';

let server: TestServer;
const lines: string[] = [];
beforeAll(async () => {
  server = await startTestServer({
    log: createLog('debug', (line) => lines.push(line)),
    metricsToken: TOKEN,
    publicOrigin: 'https://app.example',
  });
});
afterAll(() => server.stop());

const port = () => new URL(server.local.app).port;
const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const scrape = async () => (await server.call('/metrics')).text();

describe('health', () => {
  test('the process lives and is ready, and caches keep neither', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await server.call(path);
      expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect((await server.call(path, { method: 'HEAD' })).status).toBe(200);
    }
  });

  test('the server is not ready while it stops, and asks clients to connect elsewhere [not-ready]', async () => {
    const target = await startTestServer();
    const socket = connect(Number(new URL(target.local.app).port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    // A request that is under way keeps its connection open.
    socket.write('POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{');
    await once(socket, 'connect');
    expect((await target.call('/readyz')).status).toBe(200);
    const stopped = target.stop();
    socket.write('}GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await once(socket, 'close');
    await stopped;
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*HTTP\/1\.1 503 /);
    expect(text).toContain('not ready: stopping');
    expect(text.slice(text.lastIndexOf('HTTP/1.1'))).toMatch(/connection: close/i);
  });
});

describe('metrics', () => {
  test('count requests by route, method and status, in the text format of Prometheus', async () => {
    await server.call('/api/v1/auth/whoami');
    await server.call(`/api/v1/topics/${encodeURIComponent('a secret topic')}/events`);
    const text = await scrape();
    expect(text).toMatch(/^# TYPE keeper_http_request_duration_seconds histogram$/m);
    expect(text).toMatch(
      /^keeper_http_request_duration_seconds_count\{port="app",method="GET",route="\/api\/v1\/auth\/whoami",status="401"\} \d+$/m,
    );
    expect(text).toContain('route="/api/v1/topics/:topic/events"');
    expect(text).not.toContain('secret');
    for (const name of ['keeper_sockets_open', 'keeper_refresh_grants_total', 'nodejs_eventloop_lag_seconds'])
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(text).toMatch(/^keeper_data_folder_free_bytes \d/m);
  });

  test('have a bounded number of series, whichever paths and methods a client invents', async () => {
    const series = async () => (await scrape()).split('\n').filter((line) => line.startsWith('keeper_')).length;
    await server.call('/first');
    const before = await series();
    for (let n = 0; n < 50; n += 1) await server.call(`/invented/${n}`);
    expect((await series()) - before).toBe(0);
    const names = ['/api/v1/media/upload/x', '/sign-in/x', '/auth/x', '/auth/callback', '/assets/x.js', '/api/x', '/x'];
    expect(names.map(routeName)).toEqual([
      ...['/api/v1/media/upload/:id', '/sign-in/:uid', '/auth/:uid', '/auth/callback', '/assets/*', '/api/*', '/*'],
    ]);
  });

  test('are for programs on this machine and for the bearer of the token [metrics-private]', async () => {
    const status = async (headers: Record<string, string>) =>
      (await sendRaw(port(), { path: '/metrics', headers: { host: 'localhost', ...headers } })).status;
    expect(await status({})).toBe(200);
    expect(await status({ host: 'app.example' })).toBe(403);
    expect(await status({ 'x-forwarded-for': '192.0.2.1' })).toBe(403);
    expect(await status({ 'x-forwarded-for': '192.0.2.1', authorization: `Bearer ${TOKEN}` })).toBe(200);
    expect(await status({ authorization: 'Bearer wrong' })).toBe(403);
  });
});

describe('the log', () => {
  test('has a line for each request with its id, without secrets and full addresses [log-no-secrets]', async () => {
    const { access_token: access, refresh_token: refresh } = await passwordLogin(server.call);
    const response = await server.call('/api/v1/auth/whoami?access_token=in-the-query', {
      headers: { ...bearer(access), 'x-forwarded-for': '192.0.2.77', cookie: 'a=cookie-value' },
    });
    await server.call('/api/v1/auth/refresh', { json: { refresh_token: refresh } });
    const id = response.headers.get('x-request-id');
    await expect.poll(() => entries().some(({ requestId }) => requestId === id)).toBe(true);
    expect(entries().find(({ requestId }) => requestId === id)).toMatchObject({
      ...{ level: 'info', port: 'app', method: 'GET', route: '/api/v1/auth/whoami', status: 200, client: '192.0.2.0' },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown,
      ms: expect.any(Number) as unknown,
    });
    for (const secret of [access, refresh, 'in-the-query', 'cookie-value', '192.0.2.77', 'demo'])
      expect(lines.join('')).not.toContain(secret);
  });

  test('takes the id of a trusted proxy only, and only one that is plain', async () => {
    const idFor = async (given: string, target = server) =>
      (
        await sendRaw(new URL(target.local.app).port, {
          path: '/healthz',
          headers: { host: 'localhost', 'x-request-id': given },
        })
      ).headers['x-request-id'];
    expect(await idFor('from-the-proxy-1')).toBe('from-the-proxy-1');
    expect(await idFor('"},{"level":"error')).toMatch(/^[\da-f-]{36}$/);
    const bare = await startTestServer();
    expect(await idFor('from-a-stranger', bare)).toMatch(/^[\da-f-]{36}$/);
    await bare.stop();
  });

  test('removes fields that would be secrets, and writes nothing below its level', () => {
    const written: string[] = [];
    const log = createLog('warn', (line) => written.push(line));
    log.info({ a: 1 }, 'quiet');
    log.error({ err: new Error('broken'), headers: { cookie: 'c', authorization: 'a' }, password: 'p' }, 'loud');
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      level: 'error',
      msg: 'loud',
      headers: {},
      err: { message: 'broken' },
    });
    expect(written[0]).not.toMatch(/"p"|"c"|"a"/);
  });

  test('masks addresses', () => {
    expect(['192.0.2.77', '2001:db8:1:2::3', '2001:db8::1', '::1'].map(maskedAddress)).toEqual([
      ...['192.0.2.0', '2001:db8:1::', '2001:db8::', '::'],
    ]);
  });
});

test('stops within five seconds under load, and cuts no response [stop-under-load]', async () => {
  const target = await startTestServer();
  const { access_token: token } = await passwordLogin(target.call);
  const load = { isOver: false };
  let cut = 0;
  let served = 0;
  const client = async (): Promise<void> => {
    while (!load.isOver) {
      const response = await target.call('/api/v1/auth/whoami', { headers: bearer(token) }).catch(() => undefined);
      if (!response) return;
      await response.json().then(
        () => (served += 1),
        () => (cut += 1),
      );
    }
  };
  const clients = Array.from({ length: 20 }, client);
  await expect.poll(() => served, { timeout: 20_000 }).toBeGreaterThan(50);
  const startedAt = performance.now();
  await target.stop();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  load.isOver = true;
  await Promise.all(clients);
  expect(cut).toBe(0);
});
