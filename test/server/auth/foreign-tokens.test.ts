import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRefusalLog } from '../../../server/operations/refusal-log.ts';
import { createTokenVerifier, type RefusalReason } from '../../../server/auth/token-verifier.ts';
import { createServerClock } from '../../../server/base/server-clock.ts';

/* Access tokens as the providers' documents show them. */

const CLIENT = 'client-1';
const API = 'https://api.example';
const ADDRESS = '192.0.2.1';

/** Stands for a token without an expiry. */
const NEVER = 0;

const withExpiry = ({ exp = Math.floor(Date.now() / 1000) + 300, ...claims }: JWTPayload): JWTPayload =>
  exp === NEVER ? claims : { ...claims, exp };

let server: Server;
let origin: string;
/** The issuer that the metadata state. `{origin}` is that of the server. */
let stated = '{origin}';
let sign: (claims: JWTPayload, typ?: string) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  server = createServer((request, response) => {
    const body = request.url?.endsWith('/jwks')
      ? { keys: [jwk] }
      : { issuer: stated.replace('{origin}', origin), jwks_uri: `${origin}/jwks` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  sign = (claims, typ = 'JWT') =>
    new SignJWT(withExpiry({ sub: 'ada', ...claims }))
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ })
      .sign(privateKey);
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const verifierOf = (audience?: string, issuer = origin) => {
  const reasons: RefusalReason[] = [];
  const clock = createServerClock();
  const onRefused = (reason: RefusalReason): void => void reasons.push(reason);
  const verifier = createTokenVerifier({ issuer, clientId: CLIENT, clock, embedded: false, audience, onRefused });
  return { reasons, verify: (token: string) => verifier.verify(token, 'bearer', ADDRESS) };
};

describe('a foreign access token', () => {
  test.each<[string, JWTPayload, string?, string?]>([
    ['Auth0', { aud: [API, 'https://shop.auth0.com/userinfo'], azp: CLIENT, scope: 'openid' }, API],
    ['Okta', { aud: 'api://default', cid: CLIENT, scp: ['openid'] }],
    ['Okta, by its audience', { aud: 'api://default', cid: 'other', scp: ['openid'] }, 'api://default'],
    ['Microsoft Entra ID', { aud: 'api://shop', azp: CLIENT, scp: 'read', ver: '2.0' }],
    ['Microsoft Entra ID of version 1', { aud: 'api://shop', appid: CLIENT, scp: 'read', ver: '1.0' }],
    ['Keycloak', { aud: 'account', azp: CLIENT, typ: 'Bearer', scope: 'profile' }],
    ['Amazon Cognito, which names no audience', { client_id: CLIENT, token_use: 'access', scope: 'openid' }, API],
    ['RFC 9068', { aud: API, client_id: 'other' }, API, 'at+jwt'],
  ])('of %s is accepted', async (_name, claims, audience, typ) => {
    const { verify, reasons } = verifierOf(audience);
    expect(await verify(await sign({ iss: origin, ...claims }, typ))).toMatchObject({ sub: 'ada' });
    expect(reasons).toEqual([]);
  });

  test.each<[RefusalReason, JWTPayload, string?]>([
    ['another client', { aud: 'account', azp: 'other', scope: 'profile' }],
    ['another audience', { aud: 'https://other.example', azp: CLIENT, scope: 'x' }, API],
    ['another audience', { client_id: 'other', scope: 'x' }, API],
    ['not an access token', { aud: CLIENT, nonce: 'n' }],
    ['issuer', { iss: 'https://other.example', aud: CLIENT, scope: 'x' }],
    ['expired', { aud: CLIENT, scope: 'x', exp: 1 }],
    ['no expiry', { aud: CLIENT, scope: 'x', exp: NEVER }],
    ['no subject', { aud: CLIENT, scope: 'x', sub: '' }],
  ])('is refused for the reason "%s": %j', async (reason, claims, audience) => {
    const { verify, reasons } = verifierOf(audience);
    expect(await verify(await sign({ iss: origin, ...claims }))).toBeUndefined();
    expect(reasons).toEqual([reason]);
  });

  test('with a forged signature is refused', async () => {
    const { verify, reasons } = verifierOf();
    const [head = '', body = ''] = (await sign({ iss: origin, aud: CLIENT, scope: 'x' })).split('.');
    expect(await verify(`${head}.${body}.${'A'.repeat(86)}`)).toBeUndefined();
    expect(reasons).toEqual(['signature']);
  });

  test('is accepted when the metadata state the issuer with a slash at its end', async () => {
    stated = '{origin}/';
    expect(await verifierOf().verify(await sign({ iss: `${origin}/`, aud: CLIENT, scope: 'x' }))).toBeDefined();
    stated = '{origin}';
  });

  test('is accepted of the tenant that it names, when the metadata leave the tenant open', async () => {
    stated = '{origin}/{tenantid}/v2.0';
    const { verify, reasons } = verifierOf(undefined, `${origin}/organizations/v2.0`);
    const claims = { aud: CLIENT, scp: 'x', tid: 't1' };
    expect(await verify(await sign({ ...claims, iss: `${origin}/t1/v2.0` }))).toBeDefined();
    expect(await verify(await sign({ ...claims, iss: `${origin}/t2/v2.0` }))).toBeUndefined();
    expect(reasons).toEqual(['issuer']);
    stated = '{origin}';
  });
});

describe('the log', () => {
  test('gets one line a minute for each reason, with the setting to look at, and none for expired tokens', () => {
    const lines: string[] = [];
    let now = 0;
    const log = { warn: (_fields: object, message: string) => void lines.push(message) };
    const refused = createRefusalLog(log, { issuer: 'https://id.example', clientId: CLIENT, audience: API }, () => now);
    for (const reason of ['another audience', 'another audience', 'expired', 'signature'] as const) refused(reason);
    now = 60_000;
    refused('another audience');
    expect(lines).toEqual([
      'An access token was refused: another audience. Compare OIDC_AUDIENCE with the claim "aud".',
      'An access token was refused: signature.',
      'An access token was refused: another audience. Compare OIDC_AUDIENCE with the claim "aud".',
    ]);
  });
});
