import { createHash, randomUUID } from 'node:crypto';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OidcClient, type Tokens } from '../../support/agent.ts';
import { bearer, passwordLogin, startTestServer, type TestServer } from '../../support/start.ts';

let server: TestServer;
let client: OidcClient;
let tokens: Tokens;
beforeAll(async () => {
  server = await startTestServer();
  client = await OidcClient.create(server);
  tokens = await client.signIn();
});
afterAll(() => server.stop());

const PATH = '/api/v1/auth/whoami';

type Claims = {
  jti?: string;
  htm?: string;
  htu?: string;
  iat?: number;
  ath?: string;
  nonce?: string;
  exp?: number;
  nbf?: number;
};

const prove = async (
  claims: Claims = {},
  header: { typ?: string; key?: CryptoKey; jwk?: object } = {},
): Promise<string> => {
  const keys = client.keys;
  if (!keys) throw new Error('The client has no keys.');
  const payload = {
    jti: randomUUID(),
    htm: 'GET',
    htu: server.url + PATH,
    iat: Math.floor(Date.now() / 1000),
    ath: createHash('sha256').update(tokens.access).digest('base64url'),
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({
      alg: 'ES256',
      typ: header.typ ?? 'dpop+jwt',
      jwk: header.jwk ?? (await exportJWK(keys.publicKey)),
    })
    .sign(header.key ?? keys.privateKey);
};

const request = (proof: string | undefined, token = tokens.access) =>
  server.call(PATH, { headers: { authorization: `DPoP ${token}`, ...(proof === undefined ? {} : { dpop: proof }) } });

const errorOf = (response: Response) => /error="(\w+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1];

describe('the cost of DPoP', () => {
  test('imports no key and computes no thumbprint again, once the key and the token are known [proof-cost]', async () => {
    await request(await prove());
    const proofs = await Promise.all(Array.from({ length: 5 }, () => prove()));
    const spies = (['importKey', 'digest', 'verify'] as const).map((name) => vi.spyOn(crypto.subtle, name));
    for (const proof of proofs) expect((await request(proof)).status).toBe(200);
    const calls = spies.map(({ mock }) => mock.calls.length);
    for (const spy of spies) spy.mockRestore();
    expect(calls).toEqual([0, 0, 0]);
  });

  test('does not keep a known token alive when it expires or its grant ends [known-token-ends]', async () => {
    const own = await startTestServer();
    const agent = await OidcClient.create(own);
    const { access, refresh } = await agent.signIn();
    const status = async () => (await agent.api(own.url + PATH, access)).status;
    expect(await status()).toBe(200);
    await own.fault('/clock', { skewMs: 3_600_000 });
    expect(await status()).toBe(401);
    await own.fault('/clock', { skewMs: 0 });
    expect(await status()).toBe(200);
    await agent.revoke(refresh);
    expect(await status()).toBe(401);
    await own.stop();
  });
});

describe('DPoP at the API', () => {
  test('accepts a valid proof, and returns a nonce', async () => {
    const response = await request(await prove());
    expect(response.status).toBe(200);
    expect(response.headers.get('dpop-nonce')).toMatch(/./);
  });

  test.each([
    ['no proof', undefined],
    ['an invalid proof', () => 'abc'],
    ['a proof for another method', () => prove({ htm: 'POST' })],
    ['a proof for another path', () => prove({ htu: `${server.url}/api/v1/llm/models` })],
    ['a proof for another origin', () => prove({ htu: `http://localhost:9${PATH}` })],
    ['a proof for another token', () => prove({ ath: createHash('sha256').update('x').digest('base64url') })],
    ['a token of another type', () => prove({}, { typ: 'JWT' })],
    ['a proof whose expiry is over', () => prove({ exp: Math.floor(Date.now() / 1000) - 1 })],
    ['a proof whose time has not come', () => prove({ nbf: Math.floor(Date.now() / 1000) + 60 })],
  ])('refuses %s as invalid_dpop_proof', async (_name, make) => {
    const response = await request(make && (await make()));
    expect(response.status).toBe(401);
    expect(errorOf(response)).toBe('invalid_dpop_proof');
  });

  test('refuses a proof that another key than its own signed', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    expect(errorOf(await request(await prove({}, { key: privateKey })))).toBe('invalid_dpop_proof');
  });

  test('refuses a proof of another key than that of the token', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const response = await request(await prove({}, { key: privateKey, jwk: await exportJWK(publicKey) }));
    expect(response.status).toBe(401);
    expect(errorOf(response)).toBe('invalid_token');
  });

  test('accepts a proof once, also in parallel requests [proof-once]', async () => {
    const proof = await prove();
    const responses = await Promise.all(Array.from({ length: 5 }, () => request(proof)));
    expect(responses.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
  });

  test('asks a client with a wrong clock for a nonce, and accepts its next proof', async () => {
    const iat = Math.floor(Date.now() / 1000) + 86_400;
    const refused = await request(await prove({ iat }));
    expect(refused.status).toBe(401);
    expect(errorOf(refused)).toBe('use_dpop_nonce');
    const nonce = refused.headers.get('dpop-nonce') ?? '';
    expect((await request(await prove({ iat, nonce }))).status).toBe(200);
  });

  test('answers an unknown nonce with use_dpop_nonce [nonce-unknown]', async () => {
    expect(errorOf(await request(await prove({ nonce: 'made-up' })))).toBe('use_dpop_nonce');
  });

  test('refuses a bound token without a proof, and an unbound token with one', async () => {
    const bound = await server.call(PATH, { headers: bearer(tokens.access) });
    expect(bound.status).toBe(401);
    expect(errorOf(bound)).toBe('invalid_token');
    const { access_token: unbound } = await passwordLogin(server.call);
    const ath = createHash('sha256').update(unbound).digest('base64url');
    expect((await request(await prove({ ath }), unbound)).status).toBe(401);
  });

  test('refuses a token with a changed payload', async () => {
    const [head, , mac] = tokens.access.split('.');
    const payload = Buffer.from(
      JSON.stringify({ sub: 'other', iss: server.issuer, aud: 'urn:session-keeper:api', exp: 9e9 }),
    ).toString('base64url');
    const forged = `${head}.${payload}.${mac}`;
    const ath = createHash('sha256').update(forged).digest('base64url');
    expect(errorOf(await request(await prove({ ath }), forged))).toBe('invalid_token');
  });
});
