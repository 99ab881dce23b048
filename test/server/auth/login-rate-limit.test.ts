import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLoginRateLimit, type LoginRateLimit } from '../../../server/auth/login-rate-limit.ts';
import { OidcClient } from '../support/agent.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOME = '192.0.2.1';

const setUp = (): { limit: LoginRateLimit; pass(ms: number): void } => {
  let now = 0;
  return { limit: createLoginRateLimit(() => now), pass: (ms) => (now += ms) };
};

/** How many wrong guesses in a row are taken before one is not. */
const wrongUntilRefused = (limit: LoginRateLimit, account: string, addressOf: (guess: number) => string): number => {
  for (let guess = 0; ; guess += 1) {
    if (limit.take({ account, address: addressOf(guess) }).type === 'limited') return guess;
    if (guess > 1_000) return Infinity;
  }
};
const everywhere = (guess: number): string => `198.51.${guess >> 8}.${guess & 255}`;

describe('guesses at a password', () => {
  test('ten from one address, then one in half a minute', () => {
    const { limit, pass } = setUp();
    expect(wrongUntilRefused(limit, 'demo', () => HOME)).toBe(10);
    expect(limit.take({ account: 'demo', address: HOME })).toEqual({ type: 'limited', waitSeconds: 30 });
    pass(30_000);
    expect(wrongUntilRefused(limit, 'demo', () => HOME)).toBe(1);
  });

  test('fifty from one address at all accounts together', () => {
    const { limit } = setUp();
    let taken = 0;
    for (let account = 0; account < 20; account += 1) taken += wrongUntilRefused(limit, `user${account}`, () => HOME);
    expect(taken).toBe(50);
  });

  test('fifty at one account from everywhere together, and no more than two in a minute from then on', () => {
    const { limit, pass } = setUp();
    expect(wrongUntilRefused(limit, 'demo', everywhere)).toBe(50);
    pass(HOUR_MS / 2);
    expect(wrongUntilRefused(limit, 'demo', (guess) => everywhere(guess + 1_000))).toBe(50);
    pass(MINUTE_MS);
    expect(wrongUntilRefused(limit, 'demo', (guess) => everywhere(guess + 2_000))).toBe(2);
  });

  test('from everywhere do not keep its owner out where they have signed in before', () => {
    const { limit } = setUp();
    const first = limit.take({ account: 'demo', address: HOME });
    if (first.type === 'allowed') first.succeeded();
    wrongUntilRefused(limit, 'demo', everywhere);
    expect(limit.take({ account: 'demo', address: HOME }).type).toBe('allowed');
    expect(limit.take({ account: 'demo', address: '203.0.113.9' })).toEqual({ type: 'limited', waitSeconds: 30 });
  });

  test('that are right use nothing up, however many', () => {
    const { limit } = setUp();
    for (let time = 0; time < 200; time += 1) {
      const guess = limit.take({ account: 'demo', address: HOME });
      if (guess.type === 'allowed') guess.succeeded();
    }
    expect(wrongUntilRefused(limit, 'demo', () => HOME)).toBe(10);
  });

  test('in parallel cannot outrun the count', () => {
    const { limit } = setUp();
    const all = Array.from({ length: 30 }, () => limit.take({ account: 'demo', address: HOME }));
    expect(all.filter(({ type }) => type === 'allowed')).toHaveLength(10);
  });
});

describe('the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ publicOrigin: 'https://app.example' });
  });
  afterAll(() => server.stop());

  /** As a proxy hands it on, which has added whom it was asked by. */
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

  test('answers 429 and how long to wait, to the right password too, and counts by the address that its proxy tells', async () => {
    for (let guess = 0; guess < 10; guess += 1)
      expect((await login(`wrong${guess}`, `10.9.9.${guess}, ${HOME}`)).status).toBe(400);
    const refused = await login('demo', HOME);
    expect(refused.status).toBe(429);
    expect(Number(refused.wait)).toBeGreaterThan(25);
    expect((await login('demo', '192.0.2.2')).status).toBe(200);
  });

  test('limits guesses at API keys by their address', async () => {
    const plain = await startTestServer();
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess += 1)
      statuses.push((await plain.call('/api/auth/login', { json: { apiKey: `wrong${guess}` } })).status);
    await plain.stop();
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  });

  test('its sign-in page says so plainly', async () => {
    const plain = await startTestServer();
    const client = await OidcClient.create(plain);
    const { url } = await client.authorizationUrl();
    const form = await client.person.follow(url, client.callback);
    const send = (password: string) =>
      client.person.submit(form.url, client.callback, { username: 'demo', password, do: 'sign-in' });
    for (let guess = 0; guess < 10; guess += 1) expect((await send('wrong')).page?.status).toBe(422);
    const { page } = await send('demo');
    expect(page?.status).toBe(429);
    expect(await page?.text()).toMatch(/Too many wrong attempts\. Wait \d+ seconds, then try again\./);
    await plain.stop();
  });
});
