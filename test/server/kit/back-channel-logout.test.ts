import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBackChannelLogout, type EndedSession } from '../../../server/kit/back-channel-logout.ts';

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

let server: Server;
let issuer: string;
let sign: (claims: JWTPayload) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' };
  server = createServer((request, response) => {
    const body = request.url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` };
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  sign = (claims) =>
    new SignJWT({ iss: issuer, aud: 'abc', iat: Math.floor(Date.now() / 1000), jti: 'j1', events: EVENTS, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'logout+jwt' })
      .sign(privateKey);
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const setUp = (fail = false) => {
  const ended: EndedSession[] = [];
  const logout = createBackChannelLogout({
    ...{ issuer, clientId: 'abc' },
    onLogout(session) {
      if (fail) throw new Error('the store is down');
      ended.push(session);
    },
  });
  return { ended, send: (token: string) => logout.handle(new URLSearchParams({ logout_token: token })) };
};

test.each<[string, JWTPayload, EndedSession]>([
  ['of one session', { sub: 'ada', sid: 's1' }, { sub: 'ada', sid: 's1' }],
  ['of all sessions of a user', { sub: 'ada' }, { sub: 'ada', sid: undefined }],
  ['that names the session only', { sid: 's1' }, { sub: undefined, sid: 's1' }],
])('ends the session once for a token %s', async (_name, claims, session) => {
  const { ended, send } = setUp();
  const token = await sign(claims);
  expect(await send(token)).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  expect((await send(token)).status).toBe(200);
  expect(ended).toEqual([session]);
});

test.each<[string, JWTPayload]>([
  ['an ID token', { sub: 'ada', nonce: 'n' }],
  ['no event', { sub: 'ada', events: {} }],
  ['no subject', {}],
  ['no jti', { sub: 'ada', jti: '' }],
  ['another client', { sub: 'ada', aud: 'other' }],
  ['another issuer', { sub: 'ada', iss: 'https://evil.example' }],
  ['an old token', { sub: 'ada', iat: Math.floor(Date.now() / 1000) - 3_600 }],
])('ends nothing for %s', async (name, claims) => {
  const { ended, send } = setUp();
  const { status } = await send(await sign(name === 'no jti' ? { ...claims, jti: undefined as never } : claims));
  expect([status, ended]).toEqual([400, []]);
});

test('ends nothing for a token without a signature, or for no token', async () => {
  const { ended, send } = setUp();
  const claims = { iss: issuer, aud: 'abc', iat: Math.floor(Date.now() / 1000), jti: 'j', sub: 'ada', events: EVENTS };
  expect((await send(new UnsecuredJWT(claims).encode())).status).toBe(400);
  expect((await send('')).status).toBe(400);
  expect(ended).toEqual([]);
});

test('asks the provider to try again when the application could not end the session', async () => {
  const { send } = setUp(true);
  expect((await send(await sign({ sub: 'ada' }))).status).toBe(503);
});
