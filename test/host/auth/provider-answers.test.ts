import 'fake-indexeddb/auto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session, Tokens } from '../../../src/core/session/session-types.ts';
import type { TokenVerdict } from '../../../src/core/token-endpoint/token-response.ts';
import { createDisk, destroyDisk } from '../../../src/host/storage/database.ts';
import { createDpopKeys } from '../../../src/host/auth/dpop-keys.ts';
import { createProofFetch } from '../../../src/host/auth/proof-fetch.ts';
import { createUserScopes } from '../../../src/host/session/user-scope.ts';
import { createAuthorizedFetch } from '../../../src/host/session/authorized-fetch.ts';
import { createRequestMatcher } from '../../../src/host/session/request-matcher.ts';
import { createOidcMethod } from '../../../src/host/auth/oidc-method.ts';
import { createSealer } from '../../../src/host/storage/encryption.ts';
import { createPendingSignIns } from '../../../src/host/auth/pending-sign-ins.ts';
import { isObject, own, parseJson } from '../../../src/protocol/schema/json.ts';
import { NEVER_SLEPT } from '../../support/never-slept.ts';

/* The real OpenID Connect client, DPoP keys and authorized fetch against a real server that gives odd answers. */

const APP = 'https://app.example';
const HOUR_MS = 3_600_000;

type Answer = { status?: number; headers?: Record<string, string>; body?: unknown };
type Claims = { iat: number; jti: unknown; nonce: string | undefined };

/** Answers of one path, in order. The last one repeats. `proofs`: those that the server received. */
type Endpoint = { answers: Answer[]; proofs: (Claims | undefined)[] };

let server: Server;
let origin: string;
let endpoints: Record<string, Endpoint>;

const claimsOf = ({ headers }: IncomingMessage): Claims | undefined => {
  const [, payload = ''] = String(headers['dpop'] ?? '').split('.');
  const claims = parseJson(Buffer.from(payload, 'base64url').toString());
  if (!isObject(claims)) return undefined;
  const nonce = own(claims, 'nonce');
  return {
    iat: Number(own(claims, 'iat')),
    jti: own(claims, 'jti'),
    nonce: typeof nonce === 'string' ? nonce : undefined,
  };
};

const metadata = () => ({
  issuer: origin,
  token_endpoint: `${origin}/token`,
  authorization_endpoint: `${origin}/auth`,
  revocation_endpoint: `${origin}/revoke`,
  dpop_signing_alg_values_supported: ['ES256'],
});

const reply = (response: ServerResponse, { status = 200, headers = {}, body = {} }: Answer): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

const handle = (request: IncomingMessage, response: ServerResponse): void => {
  request.resume();
  const path = request.url ?? '';
  const endpoint = endpoints[path];
  if (!endpoint) return reply(response, { body: metadata() });
  endpoint.proofs.push(claimsOf(request));
  response.sendDate = false;
  const next = endpoint.answers.length > 1 ? endpoint.answers.shift() : endpoint.answers[0];
  reply(response, next ?? {});
};

const answer = (path: string, ...answers: Answer[]): Endpoint => (endpoints[path] = { answers, proofs: [] });

beforeEach(async () => {
  // Workers have it. Node 20 does not.
  vi.stubGlobal('navigator', { onLine: true });
  endpoints = {};
  server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await destroyDisk();
  vi.unstubAllGlobals();
});

const setUp = async () => {
  const disk = createDisk();
  const sealer = createSealer(disk, APP, { id: 'k1', secret: 'a secret of the worker' });
  const keys = createDpopKeys({ disk, sealer, now: Date.now });
  const config = { issuer: origin, clientId: 'c', scope: 'openid', callback: '/auth/callback', reuseGraceMs: 60_000 };
  const pendingSignIns = createPendingSignIns({ disk, sealer, home: '/', now: Date.now });
  const oidc = createOidcMethod({
    ...{ config, origin: APP, scope: '/', keys, pendingSignIns, hasLeft: () => false, now: Date.now },
    connections: NEVER_SLEPT,
  });
  const key = await keys.create();
  const session = (tokens: Partial<Tokens>): Session => ({
    kind: 'oidc',
    generation: 1,
    startedAt: 0,
    tokens: { refresh: 'rt1', ...tokens },
  });
  return { keys, key, session, refresh: (tokens: Partial<Tokens>) => oidc.refresh(session(tokens)), oidc };
};

const TOKENS = { access_token: 'at2', refresh_token: 'rt2', token_type: 'DPoP', expires_in: 60 };
const BEARER = { ...TOKENS, token_type: 'Bearer' };
const WANTS_NONCE: Answer = { status: 400, headers: { 'dpop-nonce': 'n1' }, body: { error: 'use_dpop_nonce' } };
const BAD_PROOF = (headers: Record<string, string>): Answer => ({
  status: 400,
  headers,
  body: { error: 'invalid_dpop_proof' },
});
const inAnHour = (): string => new Date(Date.now() + HOUR_MS).toUTCString();
const codeOf = (verdict: TokenVerdict): string => (verdict.type === 'failed' ? verdict.problem.code : 'granted');

describe('a token endpoint that demands a nonce', () => {
  test('receives one more request, with its nonce', async () => {
    const { key, refresh } = await setUp();
    const { proofs } = answer('/token', WANTS_NONCE, { body: TOKENS });
    expect(codeOf(await refresh({ key }))).toBe('granted');
    expect(proofs.map((proof) => proof?.nonce)).toEqual([undefined, 'n1']);
  });

  test('receives no third request when it rejects its own nonce [nonce-twice-at-most]', async () => {
    const { key, refresh } = await setUp();
    const { proofs } = answer('/token', WANTS_NONCE);
    expect(await refresh({ key })).toMatchObject({ unanswered: false, problem: { code: 'server-unavailable' } });
    expect(proofs).toHaveLength(2);
  });
});

describe('a token endpoint whose clock calls a proof too old', () => {
  test('receives one more proof, by its own clock [proof-by-server-clock]', async () => {
    const { key, refresh } = await setUp();
    const { proofs } = answer('/token', BAD_PROOF({ date: inAnHour() }), { body: TOKENS });
    expect(codeOf(await refresh({ key }))).toBe('granted');
    const [first, second] = proofs;
    expect(Math.abs((second?.iat ?? 0) - (first?.iat ?? 0) - HOUR_MS / 1000)).toBeLessThan(5);
    expect(codeOf(await refresh({ key }))).toBe('granted');
    expect(Math.abs((proofs[2]?.iat ?? 0) - Date.now() / 1000 - HOUR_MS / 1000)).toBeLessThan(5);
    expect(proofs).toHaveLength(3);
  });

  test.each([
    ['its clock is right', () => ({ date: new Date().toUTCString() })],
    ['it sends no date', () => ({})],
  ])('receives no second request when %s', async (_name, headers) => {
    const { key, refresh } = await setUp();
    const { proofs } = answer('/token', BAD_PROOF(headers()));
    expect(codeOf(await refresh({ key }))).toBe('server-unavailable');
    expect(proofs).toHaveLength(1);
  });
});

describe('a token endpoint that answers `invalid_grant` to a repeated proof', () => {
  const REFUSED: Answer = { status: 400, body: { error: 'invalid_grant' } };

  test('receives one more request, with a new proof [proof-repeated]', async () => {
    const { key, refresh } = await setUp();
    const { proofs } = answer('/token', REFUSED, { body: TOKENS });
    expect(codeOf(await refresh({ key }))).toBe('granted');
    expect(new Set(proofs.map((proof) => proof?.jti)).size).toBe(2);
  });

  test('ends the session when it answers the same to the new proof', async () => {
    const { key, refresh } = await setUp();
    const { proofs } = answer('/token', REFUSED);
    expect(codeOf(await refresh({ key }))).toBe('grant-rejected');
    expect(proofs).toHaveLength(2);
  });

  test('ends the session at once when the request had no proof', async () => {
    const { refresh } = await setUp();
    const { proofs } = answer('/token', REFUSED);
    expect(codeOf(await refresh({}))).toBe('grant-rejected');
    expect(proofs).toHaveLength(1);
  });
});

describe('an API that checks proofs', () => {
  const challenge = (error: string, headers: Record<string, string> = {}): Answer => ({
    status: 401,
    headers: { 'www-authenticate': `DPoP error="${error}"`, ...headers },
  });
  const fetchStatus = async (onBearerOnly?: () => void): Promise<number> => {
    const { key, keys } = await setUp();
    const token = { value: 'at1', scheme: 'DPoP', issuedAt: 0, expiresAt: Infinity } as const;
    const scopes = createUserScopes();
    const authorizedFetch = createAuthorizedFetch({
      origin,
      ...{ now: Date.now, connections: NEVER_SLEPT },
      ...{ refusedAgain() {}, recover: () => Promise.reject(new Error('no host')) },
      sendWithProof: createProofFetch(keys, onBearerOnly),
      scope: scopes.get,
      matcher: createRequestMatcher({ api: [{ origin: 'self', path: '/api/' }], whoami: '/api/whoami' }, origin),
      requestToken: ({ type }) =>
        type === 'request' ? { type: 'authorized', generation: 1, token, key } : { type: 'passThrough' },
    });
    return (await authorizedFetch(new Request(`${origin}/api`))).status;
  };

  test('does not follow a redirect of the API with a DPoP token', async () => {
    const { proofs } = answer('/elsewhere', {});
    answer('/api', { status: 307, headers: { location: '/elsewhere' } });
    await fetchStatus();
    expect(proofs).toEqual([]);
  });

  test('receives one more proof, by its own clock', async () => {
    const { proofs } = answer('/api', challenge('invalid_dpop_proof', { date: inAnHour() }), {});
    expect(await fetchStatus()).toBe(200);
    expect((proofs[1]?.iat ?? 0) - (proofs[0]?.iat ?? 0)).toBeGreaterThan(HOUR_MS / 1000 - 5);
  });

  test.each(['use_dpop_nonce', 'invalid_dpop_proof', 'invalid_token'])(
    'receives no third request when it always answers %s',
    async (error) => {
      const { proofs } = answer('/api', challenge(error, { 'dpop-nonce': 'n1', date: inAnHour() }));
      expect(await fetchStatus()).toBe(401);
      expect(proofs).toHaveLength(error === 'invalid_token' ? 1 : 2);
    },
  );
});

describe('an API that knows bearer tokens only', () => {
  const setUpApi = async (challenge: string | undefined) => {
    const { key, keys } = await setUp();
    const schemes: string[] = [];
    server.removeAllListeners('request');
    server.on('request', ({ headers: { authorization = '' } }: IncomingMessage, response: ServerResponse) => {
      const [scheme = ''] = authorization.split(' ');
      schemes.push(scheme);
      const headers: Record<string, string> = challenge === undefined ? {} : { 'www-authenticate': challenge };
      reply(response, scheme === 'Bearer' ? {} : { status: 401, headers });
    });
    let noticed = 0;
    const send = createProofFetch(keys, () => void (noticed += 1));
    const strict = createProofFetch(keys, undefined);
    const url = new URL('/api/x', origin);
    const request = (): Request => new Request(url, { method: 'POST', body: 'x' });
    const through = async (fetchBound: typeof send): Promise<number> => {
      const first = request();
      const [again, redirect] = [request, 'manual' as const];
      return (await fetchBound({ headers: first.headers, request: first, url, token: 'at', key, redirect, again }))
        .status;
    };
    return { schemes, send: () => through(send), strict: () => through(strict), noticed: () => noticed };
  };

  test.each([[undefined], ['Bearer'], ['Bearer realm="api", error="invalid_token"']])(
    'gets the bound token as a bearer token, and no further proof, when it answers %s [bearer-only-api]',
    async (challenge) => {
      const { schemes, send, noticed } = await setUpApi(challenge);
      expect([await send(), await send()]).toEqual([200, 200]);
      expect(schemes).toEqual(['DPoP', 'Bearer', 'Bearer']);
      expect(noticed()).toBe(1);
    },
  );

  test.each([['DPoP error="invalid_token"'], ['Bearer error="insufficient_user_authentication"']])(
    'gets no bearer token when it answers %s',
    async (challenge) => {
      const { schemes, send } = await setUpApi(challenge);
      expect(await send()).toBe(401);
      expect(schemes).toEqual(['DPoP']);
    },
  );

  test('gets no bearer token where the configuration requires DPoP [dpop-required]', async () => {
    const { schemes, strict } = await setUpApi('Bearer');
    expect(await strict()).toBe(401);
    expect(schemes).toEqual(['DPoP']);
  });
});

describe('drops the `Authorization` and `DPoP` headers of a page [page-authorization]', () => {
  test.each(['Bearer', 'DPoP'] as const)('with a %s token', async (scheme) => {
    const { key, keys } = await setUp();
    const token = { value: 'at1', scheme, issuedAt: 0, expiresAt: Infinity };
    const scopes = createUserScopes();
    const authorizedFetch = createAuthorizedFetch({
      origin,
      ...{ now: Date.now, connections: NEVER_SLEPT },
      ...{ refusedAgain() {}, recover: () => Promise.reject(new Error('no host')) },
      sendWithProof: createProofFetch(keys, undefined),
      scope: scopes.get,
      matcher: createRequestMatcher({ api: [{ origin: 'self', path: '/api/' }], whoami: '/api/whoami' }, origin),
      requestToken: () => ({ type: 'authorized', generation: 1, token, key }),
    });
    const requests: IncomingMessage[] = [];
    server.on('request', (request: IncomingMessage) => requests.push(request));
    answer('/api', {});
    await authorizedFetch(new Request(`${origin}/api`, { headers: { authorization: 'Basic eDp5', dpop: 'forged' } }));
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([`${scheme} at1`]);
    expect(requests[0]?.headers['dpop']).not.toBe('forged');
  });
});

describe('an ID token that comes with a refresh', () => {
  const idToken = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;

  test.each([
    ['names the same user', idToken({ sub: 'demo', name: 'Žofie' })],
    ['is absent', undefined],
  ])('is no reason to drop the tokens when it %s', async (_name, id_token) => {
    const { refresh } = await setUp();
    answer('/token', { body: { ...BEARER, id_token } });
    expect(await refresh({ subject: 'demo' })).toMatchObject({
      type: 'granted',
      grant: { access: { value: 'at2' }, refresh: 'rt2' },
    });
  });

  test.each([
    ['that names another user [id-token-other]', idToken({ sub: 'eve' })],
    ['that names no user', idToken({})],
    ['that is not a JWT', 'garbage'],
    ['that is not a string', 7],
    ['that is not base64', 'a.*.b'],
  ])('drops the access token and keeps the refresh token of an answer with one %s', async (_name, id_token) => {
    const { refresh } = await setUp();
    answer('/token', { body: { ...BEARER, id_token } });
    expect(await refresh({ subject: 'demo' })).toEqual({
      type: 'granted',
      grant: { access: undefined, refresh: 'rt2' },
    });
  });
});

describe('an access token of another scheme', () => {
  test('is dropped when the session has a DPoP key, and its refresh token is kept [dpop-downgrade]', async () => {
    const { key, refresh } = await setUp();
    answer('/token', { body: BEARER });
    expect(await refresh({ key })).toEqual({ type: 'granted', grant: { access: undefined, refresh: 'rt2' } });
  });
});

describe('a revocation', () => {
  test.each([200, 204])('is done when the server answers %i [revocation-over]', async (status) => {
    const { oidc, session } = await setUp();
    answer('/revoke', { status });
    expect(await oidc.revoke(session({}))).toBe(true);
  });

  test('is done when the server says that the token is over already', async () => {
    const { oidc, session } = await setUp();
    answer('/revoke', { status: 400, body: { error: 'invalid_token' } });
    expect(await oidc.revoke(session({}))).toBe(true);
  });

  test.each([
    [400, { error: 'unsupported_token_type' }],
    [401, { error: 'invalid_client' }],
    [401, {}],
    [404, {}],
    [405, {}],
  ])('is refused for good when the server answers %i %j [revocation-refused]', async (status, body) => {
    const { oidc, session } = await setUp();
    answer('/revoke', { status, body });
    expect(await oidc.revoke(session({}))).toMatchObject({
      code: 'revocation-refused',
      at: `${origin}/revoke`,
      status,
    });
  });

  test.each([302, 403, 408, 429, 500, 503])(
    'stays on the list when the server answers %i [revocation-later]',
    async (status) => {
      const { oidc, session } = await setUp();
      answer('/revoke', { status, headers: { location: '/elsewhere' } });
      expect(await oidc.revoke(session({}))).toBe(0);
    },
  );

  test('waits as long as `Retry-After` says', async () => {
    const { oidc, session } = await setUp();
    answer('/revoke', { status: 503, headers: { 'retry-after': '7' } });
    expect(await oidc.revoke(session({}))).toBe(7_000);
  });

  test('stays on the list when the server does not answer', async () => {
    const { oidc, session } = await setUp();
    answer('/revoke', {});
    await oidc.revoke(session({}));
    server.closeAllConnections();
    server.close();
    expect(await oidc.revoke(session({}))).toBe(0);
  });
});
