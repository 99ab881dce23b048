import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, cookieLogin, passwordLogin, startTestServer, type TestServer } from '../support/start.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the sign-in method ticket', () => {
  test('returns an HttpOnly cookie for an API key', async () => {
    const response = await server.call('/api/auth/login', { json: { apiKey: 'demo-key' } });
    expect(await response.json()).toEqual({ authenticated: true, user: { sub: 'demo', name: 'Demo User' } });
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(
      /^__Host-keeper-session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
    );
  });

  test('answers 401 without a cookie to a wrong API key', async () => {
    const response = await server.call('/api/auth/login', { json: { apiKey: 'wrong' } });
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test('answers 200 to a status request with and without a session', async () => {
    const cookie = await cookieLogin(server.call);
    const signedIn = await server.call('/api/auth/status', { headers: { cookie } });
    expect(await signedIn.json()).toEqual({ authenticated: true, user: { sub: 'demo', name: 'Demo User' } });
    const signedOut = await server.call('/api/auth/status');
    expect(signedOut.status).toBe(200);
    expect(await signedOut.json()).toEqual({ authenticated: false });
  });

  test('accepts the cookie on the whole API', async () => {
    const cookie = await cookieLogin(server.call);
    for (const path of ['/api/v1/llm/models', '/api/v1/auth/whoami', '/api/v1/media/picture.png', '/api/auth/token']) {
      expect((await server.call(path, { headers: { cookie } })).status).toBe(200);
    }
    expect((await server.call('/api/v1/llm/models')).status).toBe(401);
  });

  test('refuses a change with a cookie from a page of another origin', async () => {
    const cookie = await cookieLogin(server.call);
    const post = (headers: Record<string, string>) =>
      server.call('/api/v1/notes', { json: { text: 'x' }, headers: { cookie, ...headers } });
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'http://evil.test' })).status).toBe(403);
    expect((await post({ origin: server.url, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post({ origin: server.issuer, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await post({ origin: server.url })).status).toBe(201);
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(201);
  });

  test('answers 401 to a wrong Authorization header although the cookie is valid', async () => {
    const cookie = await cookieLogin(server.call);
    expect((await server.call('/api/v1/auth/whoami', { headers: { cookie, ...bearer('nothing') } })).status).toBe(401);
  });

  test('refuses a login from another site', async () => {
    const response = await server.call('/api/auth/login', {
      json: { apiKey: 'demo-key' },
      headers: { origin: 'http://evil.test' },
    });
    expect(response.status).toBe(403);
  });

  test('ends the session and removes the cookie on logout', async () => {
    const cookie = await cookieLogin(server.call);
    const response = await server.call('/api/auth/logout', { method: 'POST', headers: { cookie, origin: server.url } });
    expect(response.status).toBe(204);
    expect(response.headers.getSetCookie()[0]).toContain('Max-Age=0');
    expect((await server.call('/api/v1/auth/whoami', { headers: { cookie } })).status).toBe(401);
  });

  test('offers no binding to a device by default', async () => {
    const response = await server.call('/api/auth/login', { json: { apiKey: 'demo-key' } });
    expect(response.headers.get('secure-session-registration')).toBeNull();
    expect((await server.call('/device-bound/register', { method: 'POST' })).status).toBe(404);
  });

  test('returns the lifetime of both kinds of ticket', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const socket = await server.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(token) });
    expect(await socket.json()).toEqual({ ticket: expect.stringMatching(/^[\w-]{43}$/) as unknown, expires_in: 30 });
    const cookie = await cookieLogin(server.call);
    const events = await server.call('/api/auth/token', { headers: { cookie } });
    expect(await events.json()).toEqual({ token: expect.stringMatching(/^[\w-]{43}$/) as unknown, expiresIn: 300 });
  });
});
