import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session, SignInCommand, Tokens } from '../../../src/core/session/session-types.ts';
import { createCookieMethod } from '../../../src/host/auth/methods/cookie-method.ts';
import { createCsrf } from '../../../src/host/auth/methods/csrf.ts';
import { defineSignIn, withDefinitions, type SignInDefinition } from '../../../src/host/auth/methods/define-sign-in.ts';
import { createPasswordMethod } from '../../../src/host/auth/methods/password-method.ts';
import type { SignInMethod } from '../../../src/host/auth/methods/sign-in-method.ts';
import { revocationEndsCurrent } from '../../../src/host/auth/provider-quirks.ts';
import { PASSWORD_CONFIG, TICKET_CONFIG, type PasswordConfig } from '../../../src/protocol/sign-in-config.ts';
import { NEVER_SLEPT } from '../../support/never-slept.ts';

/* Backends of many shapes. The network is a function, so each test sees the whole request. */

const APP = 'https://app.example';
const ADA: SignInCommand = { kind: 'password', username: 'ada', password: 'secret' };

type Seen = { url: string; method: string; headers: Headers; body: string; credentials: string };
type Answer = { status?: number; body?: unknown; html?: string; headers?: Record<string, string> };

let seen: Seen[];
let answers: Map<string, Answer[]>;

/** Answers of one path, in order. The last one repeats. A path without answers cannot be reached. */
const answer = (path: string, ...given: Answer[]): void => void answers.set(path, given);

beforeEach(() => {
  seen = [];
  answers = new Map();
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('fetch', async (input: string | Request, init?: RequestInit) => {
    const request = new Request(input instanceof Request ? input : new URL(input, APP), init);
    const { url, method, headers, credentials } = request;
    seen.push({ url, method, headers, credentials, body: await request.clone().text() });
    const { pathname } = new URL(url);
    const given = answers.get(pathname) ?? [];
    const next = given.length > 1 ? given.shift() : given[0];
    if (!next) throw new TypeError('Failed to fetch');
    const text = next.html ?? JSON.stringify(next.body ?? {});
    return new Response(text, { status: next.status ?? 200, ...(next.headers && { headers: next.headers }) });
  });
});

afterEach(() => vi.unstubAllGlobals());

const only = (): Seen => {
  const [first] = seen;
  if (!first || seen.length > 1) throw new Error(`${seen.length} requests`);
  return first;
};

const session = (tokens: Tokens): Session => ({ kind: 'password', generation: 1, startedAt: 0, tokens });
const access = (value: string) => ({ value, scheme: 'Bearer', issuedAt: 0, expiresAt: 1e15 }) as const;

const password = (config: Partial<PasswordConfig> & Pick<PasswordConfig, 'login'>): SignInMethod => {
  const complete = PASSWORD_CONFIG.read(config);
  if (!complete) throw new Error('not a configuration');
  return createPasswordMethod(complete, { origin: APP, now: Date.now, connections: NEVER_SLEPT });
};

describe('a login', () => {
  test('is JSON with the names of OAuth 2.0 where the configuration is an address', async () => {
    answer('/login', { body: { access_token: 'a', refresh_token: 'r', expires_in: 60 } });
    const outcome = await password({ login: '/login' }).signIn(ADA);
    expect(outcome).toMatchObject({ type: 'granted', grant: { access: { value: 'a' }, refresh: 'r' } });
    expect(JSON.parse(only().body)).toEqual({ username: 'ada', password: 'secret' });
    expect(only().credentials).toBe('same-origin');
  });

  test('nests its fields as Rails wants them, and finds the token in a nested answer', async () => {
    answer('/users/sign_in', {
      body: { data: { token: 'a', renew: 'r' }, user: { id: 7, profile: { full_name: 'Ada' } } },
    });
    const outcome = await password({
      login: {
        url: '/users/sign_in',
        body: { user: { email: '{username}', password: '{password}', remember_me: true } },
      },
      answer: {
        ...{ accessToken: 'data.token', refreshToken: 'data.renew' },
        user: { sub: 'user.id', name: ['user.name', 'user.profile.full_name'] },
      },
    }).signIn(ADA);
    expect(JSON.parse(only().body)).toEqual({ user: { email: 'ada', password: 'secret', remember_me: true } });
    expect(outcome).toMatchObject({
      grant: { access: { value: 'a', assumed: true }, refresh: 'r', user: { sub: '7', name: 'Ada' } },
    });
  });

  test('is a form with headers of its own', async () => {
    answer('/token', { body: { access_token: 'a', token_type: 'bearer' } });
    await password({
      login: {
        ...{ url: '/token', encoding: 'form', headers: { apikey: 'public' } },
        body: { grant_type: 'password', username: '{username}', password: '{password}' },
      },
    }).signIn({ kind: 'password', username: 'a&b', password: '{username}' });
    expect(only().headers.get('apikey')).toBe('public');
    expect(only().headers.get('content-type')).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(only().body))).toEqual({
      ...{ grant_type: 'password', username: 'a&b', password: '{username}' },
    });
  });

  test.each([
    [401, {}],
    [400, { error: 'invalid_grant' }],
    [400, { error_code: 'invalid_credentials' }],
    [400, { error: { message: 'EMAIL_NOT_FOUND' } }],
  ])('is a wrong password when it answers %i %j', async (status, body) => {
    answer('/login', { status, body });
    expect(await password({ login: '/login' }).signIn(ADA)).toMatchObject({
      problem: { code: 'credentials-rejected' },
    });
  });
});

describe('a refresh token in an HttpOnly cookie', () => {
  const config = { login: '/login', refresh: '/refresh', logout: '/logout', refreshToken: 'cookie' } as const;

  test('stays there: the cookie goes with each request, and no body has a token', async () => {
    answer('/login', { body: { access_token: 'a', refresh_token: 'must not be kept' } });
    answer('/refresh', { body: { access_token: 'b' } });
    const method = password(config);
    const outcome = await method.signIn(ADA);
    if (outcome.type !== 'granted') throw new Error('not signed in');
    const { refresh, access: first } = outcome.grant;
    expect(refresh).not.toBe('must not be kept');
    expect(await method.refresh(session({ access: first, refresh }))).toMatchObject({
      grant: { access: { value: 'b' }, refresh },
    });
    expect(seen.map(({ credentials }) => credentials)).toEqual(['include', 'include']);
    expect(seen[1]?.body).toBe('{}');
  });

  test('is not revoked for a former session, because the cookie is that of the present one', async () => {
    answer('/login', { body: { access_token: 'a' } });
    const outcome = await password(config).signIn(ADA);
    const tokens = outcome.type === 'granted' ? { refresh: outcome.grant.refresh } : {};
    expect(revocationEndsCurrent(session(tokens), session(tokens), undefined)).toBe(true);
    expect(revocationEndsCurrent(session({ refresh: 'r1' }), session({ refresh: 'r2' }), undefined)).toBe(false);
  });
});

describe('a refresh', () => {
  const login = '/login';

  test('puts the tokens where the backend wants them', async () => {
    answer('/renew', { body: { access_token: 'b' } });
    const headers = { authorization: 'Bearer {access_token}', 'x-refresh': '{refresh_token}' };
    await password({ login, refresh: { url: '/renew', headers, body: {} } }).refresh(
      session({ access: access('a'), refresh: 'r' }),
    );
    expect([only().headers.get('authorization'), only().headers.get('x-refresh')]).toEqual(['Bearer a', 'r']);
  });

  test.each([
    [403, { detail: 'Token is blacklisted' }, [403]],
    [400, { code: 'token_not_valid' }, ['token_not_valid']],
  ])('that answers %i %j needs the person, where the configuration says so', async (status, body, endsOn) => {
    answer('/renew', { status, body });
    const verdict = await password({ login, refresh: '/renew', endsOn }).refresh(session({ refresh: 'r' }));
    expect(verdict).toMatchObject({ problem: { code: 'sign-in-required', status } });
  });

  test('sends nothing where the backend has none', async () => {
    expect(await password({ login }).refresh(session({ refresh: 'r' }))).toMatchObject({
      problem: { code: 'misconfigured' },
    });
    expect(seen).toEqual([]);
  });
});

describe('a sign-out', () => {
  test('carries the access token where the backend wants it', async () => {
    answer('/logout', {});
    const logout = { url: '/logout', headers: { authorization: 'Bearer {access_token}' }, body: {} };
    expect(await password({ login: '/login', logout }).revoke(session({ access: access('a') }))).toBe(true);
    expect(only().headers.get('authorization')).toBe('Bearer a');
  });

  test.each([401, 404])('that answers %i did not end the tokens', async (status) => {
    answer('/logout', { status });
    const { revoke } = password({ login: '/login', logout: '/logout' });
    expect(await revoke(session({ refresh: 'r' }))).toMatchObject({
      code: 'revocation-refused',
      at: '/logout',
      status,
    });
  });
});

describe('a sign-in of the site’s own', () => {
  const sample: SignInDefinition = defineSignIn({
    name: 'sample',
    signIn: (credentials, http) =>
      http.send({ url: '/session', body: { mail: '{mail}', code: '{code}' } }, credentials),
    refresh: async ({ refreshToken }, http) => {
      const given = await http.send('/session/renew', { refreshToken });
      if (given.body === undefined) throw new Error('no JSON');
      return { accessToken: given.textAt('next'), expiresIn: 60 };
    },
    signOut: ({ accessToken }, http) => http.send('/session/end', { accessToken }),
    user: async () => ({ sub: 'ada' }),
  });
  const methodsOf = (...definitions: SignInDefinition[]): SignInMethod => {
    const method = withDefinitions(definitions)(undefined, { origin: APP, now: Date.now, connections: NEVER_SLEPT });
    if (!method) throw new Error('no method');
    return method;
  };
  const order: SignInCommand = {
    kind: 'custom',
    name: 'sample',
    credentials: { mail: 'ada@example.com', code: '123' },
  };

  test('signs in, renews and signs out by its functions', async () => {
    answer('/session', { body: { access_token: 'a', refresh_token: 'r' } });
    answer('/session/renew', { body: { next: 'b' } });
    answer('/session/end', { status: 401, body: {} });
    const method = methodsOf(sample);
    const outcome = await method.signIn(order);
    expect(outcome).toMatchObject({ grant: { access: { value: 'a' }, user: { sub: 'ada' }, method: 'sample' } });
    const held = session({ access: access('a'), refresh: 'r', method: 'sample' });
    expect(await method.refresh(held)).toMatchObject({ grant: { access: { value: 'b' } } });
    expect(await method.revoke(held)).toMatchObject({ code: 'revocation-refused', status: 401 });
    expect(seen.map(({ url, body }) => [new URL(url).pathname, JSON.parse(body) as unknown])).toEqual([
      ['/session', { mail: 'ada@example.com', code: '123' }],
      ['/session/renew', { refreshToken: 'r' }],
      ['/session/end', { accessToken: 'a' }],
    ]);
  });

  test('sends what the person typed as it is, also where it looks like a name in braces', async () => {
    answer('/session', { body: { access_token: 'a' } });
    const plain: SignInDefinition = {
      name: 'sample',
      signIn: (credentials, http) => http.send('/session', credentials),
    };
    await methodsOf(plain).signIn({ ...order, credentials: { mail: 'ada', code: 'a{mail}b{x}' } });
    expect(JSON.parse(only().body)).toEqual({ mail: 'ada', code: 'a{mail}b{x}' });
  });

  test('takes a password where the configuration has none', async () => {
    answer('/session', { body: { access_token: 'a' } });
    await methodsOf(sample).signIn(ADA);
    expect(only().url).toBe(`${APP}/session`);
  });

  test('keeps the session when no answer comes, and may have lost one', async () => {
    const verdict = await methodsOf(sample).refresh(session({ refresh: 'r', method: 'sample' }));
    expect(verdict).toMatchObject({ type: 'failed', unanswered: true, problem: { code: 'network-unreachable' } });
    expect(await methodsOf(sample).revoke(session({ method: 'sample' }))).toBe(0);
  });

  test('keeps the session when its own code has a mistake, and says what was thrown', async () => {
    answer('/session/renew', { html: 'no JSON' });
    const verdict = await methodsOf(sample).refresh(session({ refresh: 'r', method: 'sample' }));
    expect(verdict).toMatchObject({ problem: { code: 'misconfigured', at: 'sample' } });
  });

  test('ends a session by the standard answer only', async () => {
    const strict = { ...sample, refresh: (_tokens, http) => http.send('/session/renew') } satisfies SignInDefinition;
    answer('/session/renew', { status: 400, body: { error: 'invalid_grant' } }, { status: 503 });
    const held = session({ refresh: 'r', method: 'sample' });
    expect(await methodsOf(strict).refresh(held)).toMatchObject({ problem: { code: 'grant-rejected' } });
    expect(await methodsOf(strict).refresh(held)).toMatchObject({ problem: { code: 'server-unavailable' } });
  });

  test('sends the cookie that has the refresh token, and holds a constant in its place', async () => {
    const inCookie: SignInDefinition = { ...sample, refreshToken: 'cookie' };
    answer('/session', { body: { access_token: 'a', expires_in: 60 } });
    answer('/session/renew', { body: { next: 'b' } });
    answer('/session/end', {});
    const method = methodsOf(inCookie);
    const outcome = await method.signIn(order);
    expect(outcome).toMatchObject({ grant: { access: { value: 'a' }, refresh: 'in-cookie', method: 'sample' } });
    const held = session({ access: access('a'), refresh: 'in-cookie', method: 'sample' });
    expect(await method.refresh(held)).toMatchObject({ grant: { access: { value: 'b' }, refresh: 'in-cookie' } });
    expect(await method.revoke(held)).toBe(true);
    expect(seen.map(({ credentials }) => credentials)).toEqual(['include', 'include', 'include']);
    // The functions get none, so they cannot send the constant.
    expect(JSON.parse(seen[1]?.body ?? '')).toEqual({});
  });

  test('is unsupported under another name, and for a session of one that is gone', async () => {
    const method = methodsOf(sample);
    expect(await method.signIn({ ...order, name: 'other' })).toMatchObject({ problem: { code: 'unsupported' } });
    expect(await method.refresh(session({ refresh: 'r', method: 'gone' }))).toMatchObject({
      problem: { code: 'unsupported', detail: 'gone' },
    });
  });
});

describe('a cookie session', () => {
  const cookie = (config: object) => {
    const complete = TICKET_CONFIG.read({ login: '/login', status: '/status', logout: '/logout', ...config });
    if (!complete) throw new Error('not a configuration');
    const csrf = complete.csrf && createCsrf(complete.csrf, { origin: APP, home: '/' });
    const said: boolean[] = [];
    const onDeviceBound = (isBound: boolean) => said.push(isBound);
    const method = createCookieMethod({ config: complete, origin: APP, home: '/', csrf, now: Date.now, onDeviceBound });
    return { ...method, csrf, said };
  };
  const CLAIMS = [
    { type: 'sub', value: 'ada' },
    { type: 'name', value: 'Ada' },
    { type: 'bff:logout_url', value: '/bff/logout?sid=1' },
  ];
  const duende = {
    login: { navigate: '/bff/login?returnUrl={return_to}' },
    logout: { navigate: 'bff:logout_url' },
    callback: '/signed-in',
    status: {
      url: '/bff/user?slide=false',
      headers: { 'X-CSRF': '1' },
      user: { sub: 'sub', name: 'name' },
      signedOutOn: [401],
    },
    csrf: { header: 'X-CSRF', value: '1' },
  };

  test.each<[string, object, Answer, object]>([
    ['of the standard shape', {}, { body: { authenticated: true, user: { sub: 'ada' } } }, { type: 'verified' }],
    [
      'of Django',
      { status: { url: '/status', user: { sub: 'pk', name: 'username' } } },
      { body: { pk: 7, username: 'ada' } },
      { type: 'verified', user: { sub: '7', name: 'ada' } },
    ],
    [
      'of an API that says it in a field',
      { status: { url: '/status', authenticated: 'data.loggedIn', user: { sub: 'data.id' } } },
      { body: { data: { loggedIn: false } } },
      { type: 'failed', problem: { code: 'grant-rejected' } },
    ],
    [
      'of Laravel, signed out',
      { status: { url: '/status', user: { sub: 'id' }, signedOutOn: [401] } },
      { status: 401, body: { message: 'Unauthenticated.' } },
      { type: 'failed', problem: { code: 'grant-rejected', status: 401 } },
    ],
    [
      'behind a firewall',
      { status: { url: '/status', user: { sub: 'id' } } },
      { status: 403, html: '<html>' },
      { type: 'failed', problem: { code: 'server-unavailable' } },
    ],
  ])('is verified by the status %s', async (_name, config, given, expected) => {
    answer('/status', given);
    expect(await cookie(config).verify()).toMatchObject(expected);
  });

  test.each<[string, object, object, boolean[]]>([
    ['says so', {}, { authenticated: true, user: { sub: 'ada' }, deviceBound: true }, [true]],
    ['says nothing of it', {}, { authenticated: true, user: { sub: 'ada' } }, [false]],
    ['is over', {}, { authenticated: false, deviceBound: true }, [false]],
    [
      'says so elsewhere',
      { status: { url: '/status', user: { sub: 'id' }, deviceBound: 'security.bound' } },
      { id: '7', security: { bound: true } },
      [true],
    ],
    [
      'says it as a text',
      { status: { url: '/status', user: { sub: 'id' } } },
      { id: '7', deviceBound: 'yes' },
      [false],
    ],
    ['says nothing of the session', {}, { message: 'Bad gateway', deviceBound: true }, []],
  ])('counts as device-bound only when the status %s', async (_name, config, body, expected) => {
    answer('/status', { body });
    const method = cookie(config);
    await method.verify();
    expect(method.said).toEqual(expected);
  });

  test('of Duende is a list of claims, with a header and without sliding', async () => {
    answer('/bff/user', { body: CLAIMS });
    expect(await cookie(duende).verify()).toEqual({ type: 'verified', user: { sub: 'ada', name: 'Ada' } });
    expect(only()).toMatchObject({ url: `${APP}/bff/user?slide=false`, method: 'GET' });
    expect(only().headers.get('x-csrf')).toBe('1');
  });

  test('that begins at a page of the backend leads there, and is found on the way back', async () => {
    answer('/bff/user', { status: 401 }, { body: CLAIMS });
    const method = cookie(duende);
    expect(await method.signIn({ kind: 'ticket' })).toEqual({
      type: 'redirect',
      url: `${APP}/bff/login?returnUrl=%2Fsigned-in`,
    });
    expect(await method.signIn({ kind: 'ticket' })).toMatchObject({
      type: 'granted',
      grant: { user: { sub: 'ada' }, endSession: `${APP}/bff/logout?sid=1` },
    });
  });

  test('by a form login is proven by the status, because a redirect proves nothing', async () => {
    const config = {
      login: { url: '/login', encoding: 'form', body: { username: '{username}', password: '{password}' } },
      status: { url: '/status', user: { sub: 'id' }, signedOutOn: [401] },
    };
    answer('/login', { status: 200, html: '<html>' });
    answer('/status', { body: { id: 7 } }, { status: 401 });
    const order = { kind: 'ticket', username: 'ada', password: 'secret' } as const;
    expect(await cookie(config).signIn(order)).toMatchObject({ type: 'granted', grant: { user: { sub: '7' } } });
    expect(await cookie(config).signIn(order)).toMatchObject({ problem: { code: 'credentials-rejected' } });
  });

  test('is over already where the logout answers 401', async () => {
    answer('/logout', { status: 401 });
    expect(await cookie({}).revoke(session({}))).toBe(true);
  });

  describe('has a CSRF token for unsafe requests', () => {
    const unsafe = (headers: Record<string, string> = {}): Request =>
      new Request(`${APP}/api/items`, { method: 'POST', body: '{}', headers });
    const sent = async (csrf: object, request: Request): Promise<Headers | undefined> => {
      answer('/api/items', {});
      await cookie({ csrf }).csrf?.send(request);
      return seen.find(({ url }) => url.endsWith('/api/items'))?.headers;
    };

    test('from a cookie', async () => {
      const get = async (name: string) => (name === 'XSRF-TOKEN' ? { value: 'to%3Dken' } : null);
      vi.stubGlobal('cookieStore', { get });
      const config = { header: 'X-XSRF-TOKEN', cookie: 'XSRF-TOKEN' };
      expect((await sent(config, unsafe()))?.get('x-xsrf-token')).toBe('to=ken');
    });

    test('from a cookie that the backend sets first', async () => {
      let value: string | undefined;
      vi.stubGlobal('cookieStore', { get: async () => (value === undefined ? null : { value }) });
      const [network] = [globalThis.fetch];
      vi.stubGlobal('fetch', (input: string | Request, init?: RequestInit) => {
        if (input === '/sanctum/csrf-cookie') value = 'fresh';
        return network(input, init);
      });
      answer('/sanctum/csrf-cookie', { status: 200 });
      const config = { header: 'X-XSRF-TOKEN', cookie: 'XSRF-TOKEN', from: '/sanctum/csrf-cookie' };
      expect((await sent(config, unsafe()))?.get('x-xsrf-token')).toBe('fresh');
    });

    test('from the document, and again after a refusal', async () => {
      const page = (token: string): Answer => ({ html: `<head><meta name="csrf-token" content="${token}"></head>` });
      answer('/', page('a&amp;b'), page('second'));
      answer('/api/items', {}, { status: 419 }, {});
      const { csrf } = cookie({ csrf: { header: 'X-CSRF-Token', meta: 'csrf-token' } });
      for (let round = 0; round < 3; round += 1) await csrf?.send(unsafe());
      const tokens = seen.filter(({ method }) => method === 'POST').map(({ headers }) => headers.get('x-csrf-token'));
      expect(tokens).toEqual(['a&b', 'a&b', 'second']);
    });

    test('and leaves safe requests, other origins and the page’s own header alone', async () => {
      const config = { header: 'X-CSRF', value: '1' };
      expect((await sent(config, new Request(`${APP}/api/items`)))?.has('x-csrf')).toBe(false);
      seen = [];
      expect((await sent(config, unsafe({ 'x-csrf': 'own' })))?.get('x-csrf')).toBe('own');
      seen = [];
      const foreign = new Request('https://other.example/api/items', { method: 'POST' });
      expect((await sent(config, foreign))?.has('x-csrf')).toBe(false);
    });

    test('also on the keeper’s own login', async () => {
      answer('/login', { body: { authenticated: true, user: { sub: 'ada' } } });
      await cookie({ csrf: { header: 'X-CSRF', value: '1' } }).signIn({ kind: 'ticket', apiKey: 'k' });
      expect(only().headers.get('x-csrf')).toBe('1');
    });
  });
});
