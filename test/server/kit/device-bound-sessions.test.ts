import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  createDeviceBoundSessions,
  type DeviceBoundOptions,
} from '../../../server/kit/device-bound/device-bound-sessions.ts';
import { createMemoryRows } from '../../../server/kit/memory-store.ts';
import { createLmdbStorage } from '../../../server/storage/lmdb-storage.ts';

const ORIGIN = 'https://app.example';
const SECONDS = 300;

type Device = { alg: 'ES256' | 'RS256'; privateKey: CryptoKey; jwk: JWK };

const createDevice = async (alg: Device['alg']): Promise<Device> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { modulusLength: 2048, extractable: true });
  return { alg, privateKey, jwk: await exportJWK(publicKey) };
};

let ec: Device;
let rsa: Device;
let other: Device;
beforeAll(async () => {
  [ec, rsa, other] = await Promise.all([createDevice('ES256'), createDevice('RS256'), createDevice('ES256')]);
});

const closed: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closed.splice(0)) await close();
});

/** As Chromium 156 signs it: the key is in the header of a registration, and nowhere in a renewal. */
const sign = ({ alg, privateKey, jwk }: Device, jti: string, header: object = { jwk }): Promise<string> =>
  new SignJWT({ jti }).setProtectedHeader({ alg, typ: 'dbsc+jwt', ...header }).sign(privateKey);

const challengeIn = (headers: Headers | Record<string, string>, name: string): string => {
  const field = headers instanceof Headers ? headers.get(name) : headers[name];
  return /(?:challenge=)?"([^"]+)"(?:;id=|$)/.exec(field ?? '')?.[1] ?? '';
};

const setUp = (options: Partial<DeviceBoundOptions> = {}) => {
  const clock = { ms: 1_800_000_000_000 };
  const rows = createMemoryRows(() => clock.ms);
  closed.push(() => rows.close());
  const store = { ...createLmdbStorage(rows), close: () => rows.close() };
  const bound = createDeviceBoundSessions({ store, now: () => clock.ms, ...options });

  const post = async (path: string, headers: Record<string, string> = {}): Promise<Response> => {
    const response = await bound.fetch(new Request(`${ORIGIN}${path}`, { method: 'POST', headers }));
    if (!response) throw new Error(`${path} is not a route of the kit`);
    return response;
  };
  const register = async (session: string, device: Device) => {
    const offered = await bound.offer(session);
    const jwt = await sign(device, challengeIn(offered, 'secure-session-registration'));
    const response = await post('/device-bound/register', { 'secure-session-response': jwt });
    return { jwt, response, ...(await read(response)) };
  };
  const challenge = async (id: string): Promise<string> =>
    challengeIn(
      (await post('/device-bound/renew', { 'sec-secure-session-id': `"${id}"` })).headers,
      'secure-session-challenge',
    );
  const renew = (id: string, jwt: string): Promise<Response> =>
    post('/device-bound/renew', { 'sec-secure-session-id': `"${id}"`, 'secure-session-response': `"${jwt}"` });
  /** A session whose browser has brought its bound cookie, 20 s ago. */
  const bind = async (session: string, device: Device) => {
    const registered = await register(session, device);
    expect(await bound.check(session, { cookie: registered.cookie })).toBe('bound');
    clock.ms += 20_000;
    return registered;
  };
  const count = async (): Promise<number> => (await rows.list('')).length;
  return { bound, clock, post, register, challenge, renew, bind, count };
};

const read = async (response: Response): Promise<{ id: string; cookie: string }> => {
  const body = (await response.clone().json()) as { session_identifier?: string };
  return { id: body.session_identifier ?? '', cookie: response.headers.get('set-cookie')?.split(';', 1)[0] ?? '' };
};

const keyFor = (alg: Device['alg']): Device => (alg === 'ES256' ? ec : rsa);

describe.each(['ES256', 'RS256'] as const)('a browser with %s', (alg) => {
  test('registers its key, gets a short-lived cookie, and renews it with a proof', async () => {
    const { bound, clock, register, challenge, renew } = setUp();
    const { response, id, cookie } = await register('ann-1', keyFor(alg));
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-device-bound=[\w.-]+; Max-Age=300; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(await response.json()).toEqual({
      session_identifier: id,
      refresh_url: '/device-bound/renew',
      scope: { include_site: false, scope_specification: [] },
      credentials: [
        { type: 'cookie', name: '__Host-device-bound', attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax' },
      ],
    });
    expect(await bound.check('ann-1', { cookie })).toBe('bound');

    clock.ms += SECONDS * 1000 + 20_000;
    expect(await bound.check('ann-1', { cookie })).toBe('refused');
    const renewed = await renew(id, await sign(keyFor(alg), await challenge(id), {}));
    expect(renewed.status).toBe(200);
    expect(await bound.check('ann-1', { cookie: (await read(renewed)).cookie })).toBe('bound');
  });
});

describe('a session', () => {
  test('is unbound in a browser that ignores the offer', async () => {
    const { bound, count } = setUp();
    await bound.offer('ann-1');
    expect(await bound.check('ann-1', { cookie: 'session=ann-1' })).toBe('unbound');
    expect(await count()).toBe(1); // the server's own key
  });

  test('is unbound until the browser brings the cookie, so a lost answer of the registration signs no one out', async () => {
    const { bound, clock, register } = setUp();
    await register('ann-1', ec);
    clock.ms += 3_600_000;
    expect(await bound.check('ann-1', {})).toBe('unbound');
    const again = await register('ann-1', other);
    expect(again.response.status).toBe(200);
    expect(await bound.check('ann-1', { cookie: again.cookie })).toBe('bound');
  });

  test('takes a request that was on the way when the binding began, and refuses a later one', async () => {
    const { bound, clock, register } = setUp();
    const { cookie } = await register('ann-1', ec);
    await bound.check('ann-1', { cookie });
    expect(await bound.check('ann-1', {})).toBe('unbound');
    clock.ms += 11_000;
    expect(await bound.check('ann-1', {})).toBe('refused');
  });

  test('is unproven when the browser says that it could not renew the cookie', async () => {
    const { bound, bind } = setUp();
    const { id } = await bind('ann-1', ec);
    const skipped = (which: string): IncomingHttpHeaders => ({
      'secure-session-skipped': `unreachable;session_identifier="${which}"`,
    });
    expect(await bound.check('ann-1', skipped(id))).toBe('unproven');
    expect(await bound.check('ann-1', skipped('another'))).toBe('refused');
  });

  test('ends for the browser at the next renewal after the sign-out', async () => {
    const { bound, bind, challenge, renew } = setUp();
    const { id, cookie } = await bind('ann-1', ec);
    const proof = await sign(ec, await challenge(id), {});
    expect(await bound.end('ann-1')).toMatch(/^__Host-device-bound=; Max-Age=0; /);
    expect((await renew(id, proof)).status).toBe(401);
    expect(await bound.check('ann-1', { cookie })).toBe('unbound');
  });

  test('gets no second offer once it is bound', async () => {
    const { bound, bind } = setUp();
    await bind('ann-1', ec);
    expect(await bound.offer('ann-1')).toEqual({});
  });

  test('needs its cookie only for the paths of the option, and lets the hosts of the option begin a renewal', async () => {
    const { bound, post } = setUp({ paths: ['/api/'], initiators: ['*.app.example'], path: '/auth/bound' });
    const field = await bound.offer('ann-1');
    expect(field['secure-session-registration']).toMatch(/^\(ES256 RS256\);path="\/auth\/bound\/register";challenge="/);
    const jwt = await sign(ec, challengeIn(field, 'secure-session-registration'));
    const body: unknown = await (await post('/auth/bound/register', { 'secure-session-response': jwt })).json();
    expect(body).toMatchObject({
      refresh_url: '/auth/bound/renew',
      scope: {
        scope_specification: [
          { type: 'include', domain: '*', path: '/api/' },
          { type: 'exclude', domain: '*', path: '/' },
          { type: 'include', domain: '*', path: '/api/' },
        ],
      },
      allowed_refresh_initiators: ['*.app.example'],
    });
  });
});

describe('a thief', () => {
  test('with the session cookie alone is refused', async () => {
    const { bound, bind } = setUp();
    await bind('ann-1', ec);
    expect(await bound.check('ann-1', { cookie: 'session=ann-1' })).toBe('refused');
    expect(await bound.check('ann-1', { cookie: '__Host-device-bound=junk' })).toBe('refused');
  });

  test('cannot use the bound cookie of another session', async () => {
    const { bound, bind } = setUp();
    await bind('ann-1', ec);
    const { cookie } = await bind('eve-1', other);
    expect(await bound.check('ann-1', { cookie })).toBe('refused');
  });

  test('cannot use a challenge as a cookie, or a cookie as a challenge', async () => {
    const { bound, bind, challenge, renew } = setUp();
    const { id, cookie } = await bind('ann-1', ec);
    expect(await bound.check('ann-1', { cookie: `__Host-device-bound=${await challenge(id)}` })).toBe('refused');
    expect((await renew(id, await sign(ec, cookie.split('=')[1] ?? '', {}))).status).toBe(403);
  });

  test('cannot use a cookie of the session beyond its time', async () => {
    const { bound, clock, bind } = setUp();
    const { cookie } = await bind('ann-1', ec);
    clock.ms += SECONDS * 1000;
    expect(await bound.check('ann-1', { cookie })).toBe('refused');
  });

  test.each<[string, (id: string, challenge: string, sent: string) => Promise<string>]>([
    ['of another key', (_, challenge) => sign(other, challenge)],
    ['of another key that names the right one', (_, challenge) => sign(other, challenge, { jwk: ec.jwk })],
    ['of an RSA key for a session with an EC key', (_, challenge) => sign(rsa, challenge)],
    ['without a signature', async (_, jti) => new UnsecuredJWT({ jti }).encode()],
    [
      'with the algorithm none in a header of its own',
      async (_, jti) => {
        const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none', typ: 'dbsc+jwt', jwk: ec.jwk })}.${part({ jti })}.`;
      },
    ],
    [
      'with an HMAC of the public key',
      (_, jti) =>
        new SignJWT({ jti })
          .setProtectedHeader({ alg: 'HS256', typ: 'dbsc+jwt' })
          .sign(Buffer.from(JSON.stringify(ec.jwk))),
    ],
    ['of another type', (_, challenge) => sign(ec, challenge, { typ: 'JWT' })],
    ['that is the proof of the registration', async (_id, _challenge, sent) => sent],
    ['that is no JWT', async () => 'a.b.c'],
  ])('gets no cookie for a proof %s', async (_name, make) => {
    const { bind, challenge, renew } = setUp();
    const { id, jwt } = await bind('ann-1', ec);
    const response = await renew(id, await make(id, await challenge(id), jwt));
    expect([401, 403]).toContain(response.status);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  test('gets no cookie for a proof that was used before, also when it comes twice at once', async () => {
    const { bind, challenge, renew } = setUp();
    const { id } = await bind('ann-1', ec);
    const proof = await sign(ec, await challenge(id), {});
    const statuses = (await Promise.all([renew(id, proof), renew(id, proof)])).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 403]);
    expect((await renew(id, proof)).status).toBe(403);
  });

  test('gets no cookie for a proof that was made in advance', async () => {
    const { clock, bind, challenge, renew } = setUp();
    const { id } = await bind('ann-1', ec);
    const proof = await sign(ec, await challenge(id), {});
    clock.ms += 61_000;
    const response = await renew(id, proof);
    expect(response.status).toBe(403);
    expect(response.headers.get('secure-session-challenge')).toContain(`;id="${id}"`);
  });

  test('gets no cookie with the challenge of another session, and none for another session', async () => {
    const { bind, challenge, renew } = setUp();
    const ann = await bind('ann-1', ec);
    const eve = await bind('eve-1', other);
    expect((await renew(ann.id, await sign(ec, await challenge(eve.id), {}))).status).toBe(403);
    expect((await renew(ann.id, await sign(other, await challenge(ann.id), {}))).status).toBe(401);
    expect((await renew('A'.repeat(43), await sign(other, await challenge(eve.id), {}))).status).toBe(401);
  });

  test('cannot register a key for a session that has one', async () => {
    const { bound, bind, register, post } = setUp();
    const held = challengeIn(await bound.offer('ann-1'), 'secure-session-registration');
    const { jwt } = await bind('ann-1', ec);
    const late = await post('/device-bound/register', { 'secure-session-response': await sign(other, held) });
    expect(late.status).toBe(409);
    expect((await post('/device-bound/register', { 'secure-session-response': jwt })).status).toBe(400);
    expect((await register('ann-1', other)).response.status).toBe(400);
  });

  test.each<[string, (challenge: string) => Promise<string>]>([
    ['the key of another proof', (challenge) => sign(other, challenge, { jwk: ec.jwk })],
    ['no key', (challenge) => sign(ec, challenge, {})],
    ['a private key', async (challenge) => sign(ec, challenge, { jwk: await exportJWK(ec.privateKey) })],
    ['a secret as key', (challenge) => sign(ec, challenge, { jwk: { kty: 'oct', k: 'c2VjcmV0' } })],
    ['a challenge of its own', () => sign(ec, 'c1')],
    ['no signature', async (jti) => new UnsecuredJWT({ jti }).encode()],
  ])('cannot register with %s', async (_name, make) => {
    const { bound, post, count } = setUp();
    const challenge = challengeIn(await bound.offer('ann-1'), 'secure-session-registration');
    const before = await count();
    const jwt = await make(challenge);
    expect((await post('/device-bound/register', { 'secure-session-response': jwt })).status).toBe(400);
    expect(await count()).toBe(before);
  });

  test('leaves nothing in the store with challenges, junk and forged proofs', async () => {
    const { bind, count, challenge, renew, post } = setUp();
    const { id } = await bind('ann-1', ec);
    const before = await count();
    for (let n = 0; n < 50; n += 1) {
      await challenge(id);
      await renew(id, `junk-${n}`);
      await renew(id, await sign(other, await challenge(id), {}));
      await post('/device-bound/register', { 'secure-session-response': `a.${n}.c` });
    }
    expect(await count()).toBe(before);
  });
});

describe('over the network', () => {
  const listen = async () => {
    const { bound, bind } = setUp();
    const server: Server = createServer((request, response) => {
      void bound.node(request, response).then((isAnswered) => isAnswered || response.writeHead(404).end());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closed.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return { bind, port: (server.address() as AddressInfo).port };
  };

  test('a huge body is refused before it is read', async () => {
    const { port } = await listen();
    const sent = httpRequest({
      port,
      method: 'POST',
      path: '/device-bound/renew',
      headers: { 'content-length': 1e12 },
    });
    sent.on('error', () => undefined);
    sent.write('x');
    const [response] = (await once(sent, 'response')) as [{ statusCode: number; headers: IncomingHttpHeaders }];
    expect([response.statusCode, response.headers.connection]).toEqual([413, 'close']);
    sent.destroy();
  });

  test('a huge proof is refused', async () => {
    const { port } = await listen();
    const headers = { 'secure-session-response': 'a'.repeat(5_000) };
    const { status } = await fetch(`http://127.0.0.1:${port}/device-bound/register`, { method: 'POST', headers });
    expect(status).toBe(400);
  });

  test('a page of another site cannot read an answer, or send a proof', async () => {
    const { port, bind } = await listen();
    const { id } = await bind('ann-1', ec);
    const origin = 'https://evil.example';
    const url = `http://127.0.0.1:${port}/device-bound/renew`;
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-headers': 'secure-session-response' },
    });
    const simple = await fetch(url, { method: 'POST', headers: { origin, 'sec-secure-session-id': `"${id}"` } });
    for (const response of [preflight, simple]) {
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    expect([preflight.status, simple.status]).toEqual([405, 403]);
  });

  test('another method and another path are left to the site, or refused', async () => {
    const { port } = await listen();
    const ask = async (path: string, method: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status;
    expect(await ask('/device-bound/renew', 'GET')).toBe(405);
    expect(await ask('/device-bound/renew/more', 'POST')).toBe(404);
  });
});

test('refuses a lifetime that protects from nothing', () => {
  expect(() => setUp({ seconds: 86_400 })).toThrow('seconds is 86400, and should be 1 to 3600.');
  expect(() => setUp({ keepSeconds: 0 })).toThrow('keepSeconds is 0');
});
