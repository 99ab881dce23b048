import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OidcClient } from '../support/agent.ts';
import { sendRaw } from '../support/raw-request.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

/* Attackers that try to keep others from signing in. */

const FOREIGN = [
  { 'sec-fetch-site': 'cross-site', origin: 'https://news.example' },
  { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' },
  { 'sec-fetch-site': 'cross-site' },
  { origin: 'null' },
  { origin: 'https://news.example' },
];
const ATTEMPTS = 51;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const signIn = (headers: Record<string, string> = {}) =>
  server.call('/api/v1/auth/login', { json: { username: 'demo', password: 'demo' }, headers });
const guess = (path: string, json: unknown, headers: Record<string, string> = {}) =>
  server.call(path, { json, headers });
const API_ROUTES: readonly (readonly [string, unknown])[] = [
  ['/api/v1/auth/login', { username: 'demo', password: 'demo' }],
  ['/api/v1/auth/refresh', { refresh_token: 'x' }],
  ['/api/v1/auth/logout', { refresh_token: 'x' }],
  ['/api/auth/login', { apiKey: 'demo-key' }],
  ['/api/auth/logout', {}],
];

describe('pages of other sites', () => {
  test('are refused by every route of the API that takes credentials', async () => {
    for (const headers of FOREIGN)
      for (const [path, json] of API_ROUTES)
        expect([path, (await guess(path, json, headers)).status]).toEqual([path, 403]);
  });

  test('are refused by the routes of the provider that take credentials', async () => {
    for (const headers of FOREIGN)
      for (const path of ['/token', '/token/revocation', '/token/introspection', '/sign-in/abc', '/me'])
        expect([path, (await fetch(server.issuer + path, { method: 'POST', headers })).status]).toEqual([path, 403]);
  });

  test('do not use up the attempts of their visitors [foreign-guesses]', async () => {
    for (let n = 0; n < ATTEMPTS; n += 1) {
      await guess('/api/v1/auth/login', { username: `x${n}`, password: 'y' }, FOREIGN[0]);
      await guess('/api/auth/login', { apiKey: `x${n}` }, FOREIGN[0]);
    }
    expect((await signIn()).status).toBe(200);
    expect((await guess('/api/auth/login', { apiKey: 'demo-key' })).status).toBe(200);
  });

  test('leave pages of the application and programs alone', async () => {
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: server.url }, { 'sec-fetch-site': 'none' }])
      expect((await signIn(headers)).status).toBe(200);
    const client = await OidcClient.create(server);
    expect((await client.signIn()).access).not.toBe('');
  });
});

describe('guesses from the same address', () => {
  test('do not lock out a browser that signed in before, by any of the three methods [device-cookie]', async () => {
    const target = await startTestServer();
    const first = await target.call('/api/v1/auth/login', { json: { username: 'demo', password: 'demo' } });
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const client = await OidcClient.create(target);
    await client.signIn();
    for (let n = 0; n < ATTEMPTS; n += 1) {
      await target.call('/api/v1/auth/login', { json: { username: `x${n}`, password: 'y' } });
      await target.call('/api/auth/login', { json: { apiKey: `x${n}` } });
    }
    const again = (headers: Record<string, string>) =>
      Promise.all([
        target.call('/api/v1/auth/login', { json: { username: 'demo', password: 'demo' }, headers }),
        target.call('/api/auth/login', { json: { apiKey: 'demo-key' }, headers }),
      ]);
    expect((await again({})).map(({ status }) => status)).toEqual([429, 429]);
    expect((await again({ cookie })).map(({ status }) => status)).toEqual([200, 200]);
    expect((await client.signIn('')).access).not.toBe('');
    await target.stop();
  });
});

describe('behind a public origin', () => {
  test('only a trusted proxy names the address of a client [forwarded-peer]', async () => {
    const target = await startTestServer({ publicOrigin: 'https://app.example', trustedProxies: ['127.0.0.2'] });
    const port = new URL(target.local.app).port;
    const login = (from: string, client: string, password: string) =>
      sendRaw(port, {
        path: '/api/v1/auth/login',
        from,
        headers: { host: 'app.example', 'x-forwarded-for': client },
        json: { username: 'demo', password },
      });
    // A stranger invents an address for each guess.
    for (let n = 0; n < 10; n += 1) expect((await login('127.0.0.3', `192.0.2.${n}`, 'wrong')).status).toBe(400);
    expect((await login('127.0.0.3', '192.0.2.99', 'wrong')).status).toBe(429);
    // The proxy's clients have limits of their own.
    expect((await login('127.0.0.2', '192.0.2.1', 'demo')).status).toBe(200);
    await target.stop();
  });
});
