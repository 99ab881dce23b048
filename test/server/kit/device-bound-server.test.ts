import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digest } from '../../../server/base/crypto.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

/* The kit's own tests have the protocol (test/server/kit/device-bound-sessions.test.ts). This is its place in the server. */

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ deviceBoundSeconds: 300 });
});
afterAll(() => server.stop());

const SKEW_MS = 20_000;
const cookieIn = (response: Response, name: string): string =>
  response.headers
    .getSetCookie()
    .find((line) => line.startsWith(`${name}=`))
    ?.split(';')[0] ?? '';

/** Signs in as a browser that registers a key. Returns both cookies. */
const signIn = async (): Promise<{ session: string; bound: string }> => {
  const login = await server.call('/api/auth/login', { json: { apiKey: 'demo-key' } });
  const offer = login.headers.get('secure-session-registration') ?? '';
  const [, path = '', challenge = ''] = /path="([^"]+)";challenge="([^"]+)"/.exec(offer) ?? [];
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const proof = await new SignJWT({ jti: challenge })
    .setProtectedHeader({ alg: 'ES256', typ: 'dbsc+jwt', jwk: await exportJWK(publicKey) })
    .sign(privateKey);
  const registered = await server.call(path, { method: 'POST', headers: { 'secure-session-response': proof } });
  expect(registered.status).toBe(200);
  return {
    session: cookieIn(login, '__Host-keeper-session'),
    bound: cookieIn(registered, '__Host-device-bound'),
  };
};

/** The kit names a session by a digest of the server's own name for it. */
const identifierOf = (session: string): string =>
  digest(`device-bound:cookie:${digest(session.slice(session.indexOf('=') + 1))}`);

const status = async (cookie: string): Promise<unknown> =>
  (await server.call('/api/auth/status', { headers: { cookie } })).json();
const models = (cookie: string, headers: Record<string, string> = {}): Promise<Response> =>
  server.call('/api/v1/llm/models', { headers: { cookie, ...headers } });

test('the session goes on with the bound cookie, and a copy of its own cookie alone is no session', async () => {
  const { session, bound } = await signIn();
  const both = `${session}; ${bound}`;
  expect(await status(both)).toMatchObject({ authenticated: true, deviceBound: true });
  await server.fault('/clock', { skewMs: SKEW_MS });
  expect((await models(both)).status).toBe(200);
  expect((await models(session)).status).toBe(401);
  expect(await status(session)).toEqual({ authenticated: false });
  // The browser says that it could not renew the cookie. A 401 would end the session.
  const skipped = `unreachable;session_identifier="${identifierOf(session)}"`;
  const late = await models(session, { 'secure-session-skipped': skipped });
  expect([late.status, late.headers.get('retry-after')]).toEqual([503, '5']);
  await server.fault('/clock', { skewMs: 0 });
});

test('a sign-out ends the binding and removes both cookies', async () => {
  const { session, bound } = await signIn();
  const out = await server.call('/api/auth/logout', {
    method: 'POST',
    headers: { cookie: `${session}; ${bound}`, origin: server.url },
  });
  expect(out.status).toBe(204);
  const removed = out.headers.getSetCookie().map((line) => /^([^=]+)=; .*Max-Age=0/.exec(line)?.[1]);
  expect(new Set(removed)).toEqual(new Set(['__Host-device-bound', '__Host-keeper-session']));
  expect(await status(`${session}; ${bound}`)).toEqual({ authenticated: false });
});

test('a browser without the feature keeps its session as before', async () => {
  const login = await server.call('/api/auth/login', { json: { apiKey: 'demo-key' } });
  const session = cookieIn(login, '__Host-keeper-session');
  expect(await status(session)).toEqual({ authenticated: true, user: { sub: 'demo', name: 'Demo User' } });
  expect((await models(session)).status).toBe(200);
});
