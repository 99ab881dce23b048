import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, passwordLogin, startTestServer, type PasswordAnswer, type TestServer } from '../support/start.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const refresh = (token: string) => server.call('/api/v1/auth/refresh', { json: { refresh_token: token } });
const refreshed = async (token: string) => (await (await refresh(token)).json()) as PasswordAnswer;
const whoami = (token: string) => server.call('/api/v1/auth/whoami', { headers: bearer(token) });

describe('the sign-in method password', () => {
  test('returns tokens on login that the API accepts', async () => {
    const answer = await passwordLogin(server.call);
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 300 });
    const response = await whoami(answer.access_token);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ sub: 'demo', name: 'Demo User' });
  });

  test('answers invalid_grant to a wrong password, for known and unknown names', async () => {
    for (const username of ['demo', 'unknown']) {
      const response = await server.call('/api/v1/auth/login', { json: { username, password: 'wrong' } });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: 'invalid_grant' });
    }
  });

  test('answers invalid_request to a body that is not a login', async () => {
    const response = await server.call('/api/v1/auth/login', { json: ['demo'] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('rotates the refresh token, and keeps both access tokens valid', async () => {
    const first = await passwordLogin(server.call);
    const second = await refreshed(first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await whoami(first.access_token)).status).toBe(200);
    expect((await whoami(second.access_token)).status).toBe(200);
  });

  test('returns the same successor to a repeated refresh within the grace period', async () => {
    const first = await passwordLogin(server.call);
    const second = await refreshed(first.refresh_token);
    const repeated = await refreshed(first.refresh_token);
    expect(repeated.refresh_token).toBe(second.refresh_token);
    expect((await whoami(repeated.access_token)).status).toBe(200);
  });

  test('rotates once for parallel refreshes with one token', async () => {
    const first = await passwordLogin(server.call);
    const answers = await Promise.all(Array.from({ length: 10 }, () => refreshed(first.refresh_token)));
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1);
    const successor = answers[0]?.refresh_token ?? '';
    expect((await refresh(successor)).status).toBe(200);
  });

  test('keeps the session when a delayed refresh arrives after two rotations [late-duplicate]', async () => {
    const first = await passwordLogin(server.call);
    const second = await refreshed(first.refresh_token);
    const third = await refreshed(second.refresh_token);
    const late = await refreshed(first.refresh_token);
    expect(late.refresh_token).toBe(third.refresh_token);
    expect((await refresh(third.refresh_token)).status).toBe(200);
    expect((await whoami(third.access_token)).status).toBe(200);
  });

  test('revokes the whole family when a client reuses a token after its grace', async () => {
    await server.fault('/provider', { grace: 0 });
    try {
      const first = await passwordLogin(server.call);
      const second = await refreshed(first.refresh_token);
      const reuse = await refresh(first.refresh_token);
      expect(reuse.status).toBe(400);
      expect(await reuse.json()).toMatchObject({ error: 'invalid_grant' });
      expect((await refresh(second.refresh_token)).status).toBe(400);
      expect((await whoami(second.access_token)).status).toBe(401);
    } finally {
      await server.fault('/provider', { grace: 30 });
    }
  });

  test('refuses a forged generation or signature, and keeps the session', async () => {
    const { refresh_token: token } = await passwordLogin(server.call);
    const [head = '', , mac = ''] = token.split('.');
    for (const forged of [`${head}.1.${mac}`, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, 'pwr_', '']) {
      expect((await refresh(forged)).status).toBe(400);
    }
    expect((await refresh(token)).status).toBe(200);
  });

  test('revokes the access token on logout, and accepts a repeated logout', async () => {
    const answer = await passwordLogin(server.call);
    for (let times = 0; times < 2; times += 1) {
      const response = await server.call('/api/v1/auth/logout', { json: { refresh_token: answer.refresh_token } });
      expect(response.status).toBe(204);
    }
    expect((await whoami(answer.access_token)).status).toBe(401);
    expect((await refresh(answer.refresh_token)).status).toBe(400);
  });

  test('keeps other sign-ins of the same person on logout', async () => {
    const [mine, theirs] = await Promise.all([passwordLogin(server.call), passwordLogin(server.call)]);
    await server.call('/api/v1/auth/logout', { json: {}, headers: bearer(mine.access_token) });
    expect((await whoami(mine.access_token)).status).toBe(401);
    expect((await whoami(theirs.access_token)).status).toBe(200);
  });

  test('refuses a body above the limit', async () => {
    const response = await server.call('/api/v1/auth/login', { json: { username: 'x'.repeat(70_000), password: '' } });
    expect(response.status).toBe(413);
  });
});
