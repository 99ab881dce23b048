import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLoginRateLimit,
  type Attempt,
  type LocalLoginRateLimit,
} from '../../../server/limits/login-rate-limit.ts';
import { OidcClient } from '../support/agent.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOME = '192.0.2.1';

const attempt = (account: string, address = HOME): Attempt => ({ route: 'password', account, address });

const createLimit = (): { limit: LocalLoginRateLimit; advance(ms: number): void } => {
  let now = 0;
  return { limit: createLoginRateLimit(() => now), advance: (ms) => (now += ms) };
};

/** How many wrong attempts in a row the limit allows. */
const allowedAttempts = (
  limit: LocalLoginRateLimit,
  account: string,
  addressOf: (attempt: number) => string,
): number => {
  for (let taken = 0; ; taken += 1) {
    if (limit.take(attempt(account, addressOf(taken))).type === 'limited') return taken;
    if (taken > 1_000) return Infinity;
  }
};
const newAddress = (n: number): string => `198.51.${n >> 8}.${n & 255}`;

describe('wrong passwords', () => {
  test('are limited to ten from one address, then one per half minute', () => {
    const { limit, advance } = createLimit();
    expect(allowedAttempts(limit, 'demo', () => HOME)).toBe(10);
    expect(limit.take(attempt('demo'))).toEqual({ type: 'limited', waitSeconds: 30 });
    advance(30_000);
    expect(allowedAttempts(limit, 'demo', () => HOME)).toBe(1);
  });

  test('are limited to fifty from one address at all accounts', () => {
    const { limit } = createLimit();
    let taken = 0;
    for (let account = 0; account < 20; account += 1) taken += allowedAttempts(limit, `user${account}`, () => HOME);
    expect(taken).toBe(50);
  });

  test('are limited to fifty at one account from many addresses, then two per minute', () => {
    const { limit, advance } = createLimit();
    expect(allowedAttempts(limit, 'demo', newAddress)).toBe(50);
    advance(HOUR_MS / 2);
    expect(allowedAttempts(limit, 'demo', (n) => newAddress(n + 1_000))).toBe(50);
    advance(MINUTE_MS);
    expect(allowedAttempts(limit, 'demo', (n) => newAddress(n + 2_000))).toBe(2);
  });

  test('from many addresses do not block a browser that signed in before', () => {
    const { limit } = createLimit();
    allowedAttempts(limit, 'demo', newAddress);
    for (let n = 0; n < 60; n += 1) limit.take(attempt(`name${n}`));
    expect(limit.take(attempt('demo'))).toMatchObject({ type: 'limited' });
    expect(limit.take({ ...attempt('demo'), device: 'known' }).type).toBe('allowed');
  });

  test('in a browser that signed in before are limited to ten, and leave the others alone', () => {
    const { limit } = createLimit();
    const inBrowser = () => limit.take({ ...attempt('demo'), device: 'known' }).type;
    expect(Array.from({ length: 11 }, inBrowser)).toEqual([...Array.from({ length: 10 }, () => 'allowed'), 'limited']);
    expect(allowedAttempts(limit, 'demo', () => HOME)).toBe(10);
  });

  test('on one route leave the others alone', () => {
    const { limit } = createLimit();
    for (let n = 0; n < 60; n += 1) limit.take(attempt(`name${n}`));
    expect(limit.take(attempt('demo')).type).toBe('limited');
    expect(limit.take({ ...attempt('demo'), route: 'sign-in-page' }).type).toBe('allowed');
    expect(limit.take({ route: 'api-key', address: HOME }).type).toBe('allowed');
  });

  test('do not include successful attempts', () => {
    const { limit } = createLimit();
    for (let time = 0; time < 200; time += 1) {
      const taken = limit.take(attempt('demo'));
      if (taken.type === 'allowed') taken.succeeded();
    }
    expect(allowedAttempts(limit, 'demo', () => HOME)).toBe(10);
  });

  test('are limited in parallel too', () => {
    const { limit } = createLimit();
    const all = Array.from({ length: 30 }, () => limit.take(attempt('demo')));
    expect(all.filter(({ type }) => type === 'allowed')).toHaveLength(10);
  });
});

describe('the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ publicOrigin: 'https://app.example' });
  });
  afterAll(() => server.stop());

  /** A request as a reverse proxy forwards it. */
  const login = (password: string, from: string): Promise<{ status: number; wait: string | undefined }> =>
    new Promise((done, fail) => {
      const headers = { host: 'app.example', 'content-type': 'application/json', 'x-forwarded-for': from };
      const port = new URL(server.local.app).port;
      request({ host: '127.0.0.1', port, path: '/api/v1/auth/login', method: 'POST', headers }, (response) => {
        response.resume();
        done({ status: response.statusCode ?? 0, wait: response.headers['retry-after'] });
      })
        .on('error', fail)
        .end(JSON.stringify({ username: 'demo', password }));
    });

  test('answers 429 with Retry-After, also to the right password, and counts by the address from the proxy', async () => {
    for (let n = 0; n < 10; n += 1) expect((await login(`wrong${n}`, `10.9.9.${n}, ${HOME}`)).status).toBe(400);
    const refused = await login('demo', HOME);
    expect(refused.status).toBe(429);
    expect(Number(refused.wait)).toBeGreaterThan(25);
    expect((await login('demo', '192.0.2.2')).status).toBe(200);
  });

  test('limits wrong API keys by address', async () => {
    const plain = await startTestServer();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1)
      statuses.push((await plain.call('/api/auth/login', { json: { apiKey: `wrong${n}` } })).status);
    await plain.stop();
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  });

  test('shows the wait on the sign-in page', async () => {
    const plain = await startTestServer();
    const client = await OidcClient.create(plain);
    const { url } = await client.authorizationUrl();
    const form = await client.browser.follow(url, client.callback);
    const send = (password: string) =>
      client.browser.submit(form.url, client.callback, { username: 'demo', password, do: 'sign-in' });
    for (let n = 0; n < 10; n += 1) expect((await send('wrong')).page?.status).toBe(422);
    const { page } = await send('demo');
    expect(page?.status).toBe(429);
    expect(await page?.text()).toMatch(/Too many attempts\. Try again in \d+ s\./);
    await plain.stop();
  });
});
