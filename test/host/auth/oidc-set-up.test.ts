import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../../src/core/session/session-types.ts';
import { createDpopKeys } from '../../../src/host/auth/dpop-keys.ts';
import { createOidcMethod } from '../../../src/host/auth/oidc-method.ts';
import { createPendingSignIns } from '../../../src/host/auth/pending-sign-ins.ts';
import { createDisk, destroyDisk } from '../../../src/host/storage/database.ts';
import { createSealer } from '../../../src/host/storage/encryption.ts';
import { OIDC_CONFIG, type OidcConfig } from '../../../src/protocol/sign-in-config.ts';
import { connectTo, simulateProvider, type Habits } from '../../support/providers/simulated-provider.ts';
import { NEVER_SLEPT } from '../../support/never-slept.ts';

const APP = 'https://app.example';
const ISSUER = 'https://id.example';
const CALLBACK = `${APP}/auth/callback`;

const PLAIN: Habits = {
  issuer: ISSUER,
  refreshToken: 'always',
  rotates: true,
  reuseGraceMs: 0,
  dead: { status: 400, body: { error: 'invalid_grant' } },
  revocation: 'standard',
};

type SetUp = { habits?: Partial<Habits>; config?: Partial<OidcConfig>; hasLeft?: boolean };

const setUp = ({ habits = {}, config = {}, hasLeft = false }: SetUp = {}) => {
  const provider = simulateProvider({ ...PLAIN, ...habits }, Date.now);
  connectTo([{ origin: new URL(provider.habits.issuer).origin, fetch: provider.fetch }]);
  const disk = createDisk();
  const sealer = createSealer(disk, APP, { id: 'k1', secret: 'a secret of the worker' });
  // As a worker has it: the schema writes `undefined` for what is absent.
  const read = OIDC_CONFIG.read({ issuer: ISSUER, clientId: 'c', callback: '/auth/callback', ...config });
  if (!read) throw new Error('The configuration of this test is not complete.');
  const oidc = createOidcMethod({
    config: read,
    origin: APP,
    scope: '/',
    keys: createDpopKeys({ disk, sealer, now: Date.now }),
    pendingSignIns: createPendingSignIns({ disk, sealer, home: '/', now: Date.now }),
    hasLeft: () => hasLeft,
    now: Date.now,
    connections: NEVER_SLEPT,
  });
  /** The address of the provider's page, or the problem. */
  const begin = async (authorize?: Record<string, string>) => {
    const outcome = await oidc.signIn({ kind: 'oidc', authorize });
    return outcome.type === 'redirect' ? new URL(outcome.url) : outcome;
  };
  const params = async (authorize?: Record<string, string>): Promise<URLSearchParams> => {
    const page = await begin(authorize);
    if (!(page instanceof URL)) throw new Error(JSON.stringify(page));
    return page.searchParams;
  };
  const complete = async () => {
    const page = await begin();
    if (!(page instanceof URL)) return page;
    return oidc.signIn({ kind: 'oidc-callback', url: provider.authorize(page.href).href });
  };
  return { provider, oidc, begin, params, complete };
};

afterEach(async () => {
  vi.unstubAllGlobals();
  await destroyDisk();
});

describe('an authorization request', () => {
  test('has the parameters of the configuration, and those of one sign-in', async () => {
    const { params } = setUp({ config: { authorize: { audience: 'https://api', ui_locales: 'de' } } });
    const given = await params({ login_hint: 'ada@example.com', ui_locales: 'fr' });
    expect(Object.fromEntries(given)).toMatchObject({
      audience: 'https://api',
      login_hint: 'ada@example.com',
      ui_locales: 'fr',
    });
    expect((await params()).get('login_hint')).toBeNull();
  });

  test('names the redirect URI of a native app, where the configuration has one', async () => {
    expect((await setUp().params()).get('redirect_uri')).toBe(CALLBACK);
    const { params, complete } = setUp({ config: { redirectUri: 'com.example.app:/callback' } });
    expect((await params()).get('redirect_uri')).toBe('com.example.app:/callback');
    expect(await complete()).toMatchObject({ type: 'granted' });
  });

  test('lets a page change nothing that makes the answer belong to this sign-in', async () => {
    const { params } = setUp();
    const given = await params({
      ...{ client_id: 'evil', redirect_uri: 'https://evil.example', response_type: 'token', state: 's', nonce: 'n' },
      ...{ code_challenge: 'x', code_challenge_method: 'plain', request: 'jwt', request_uri: 'urn:x', dpop_jkt: 'k' },
      response_mode: 'fragment',
    });
    expect(Object.fromEntries(given)).toMatchObject({
      ...{ client_id: 'c', redirect_uri: CALLBACK, response_type: 'code', code_challenge_method: 'S256' },
    });
    for (const name of ['request', 'request_uri', 'response_mode', 'dpop_jkt']) expect(given.has(name)).toBe(false);
    expect([given.get('state'), given.get('nonce'), given.get('code_challenge')]).not.toContain('s');
  });

  test.each([
    ['the metadata list it', { scopes: ['openid', 'profile', 'offline_access'] }, {}, 'openid profile offline_access'],
    ['the metadata do not', { scopes: ['openid', 'profile'] }, {}, 'openid profile'],
    ['the site says so', { scopes: ['openid'] }, { scope: 'openid offline_access' }, 'openid offline_access'],
  ])('asks for `offline_access` as it should when %s', async (_name, habits, config, scope) => {
    const { params } = setUp({ habits, config });
    expect((await params()).get('scope')).toBe(scope);
  });

  test('adds the scopes of one sign-in', async () => {
    const { params } = setUp({ config: { scope: 'openid mail.read' } });
    expect((await params({ scope: 'openid calendar.read' })).get('scope')).toBe('openid mail.read calendar.read');
  });

  test.each<[string, SetUp, Record<string, string>, (string | null)[]]>([
    ['at first', {}, {}, [null, null]],
    ['with one of the site', { config: { prompt: 'consent' } }, {}, ['consent', null]],
    ['with one of the page', {}, { prompt: 'select_account' }, ['select_account', null]],
    ['after a sign-out', { hasLeft: true }, {}, ['login', null]],
    ['after a sign-out, against the page', { hasLeft: true }, { prompt: 'none', max_age: '9999' }, ['login', '9999']],
    ['after a sign-out, with one of the site', { hasLeft: true, config: { prompt: 'consent' } }, {}, ['consent', '0']],
    [
      'after a sign-out, at a provider without `login`',
      { hasLeft: true, config: { promptAfterSignOut: 'select_account' } },
      {},
      ['select_account', null],
    ],
  ])('has the prompt %s [one-prompt]', async (_name, options, given, expected) => {
    const found = await setUp(options).params(given);
    expect([found.get('prompt'), found.get('max_age')]).toEqual(expected);
  });
});

describe('the metadata', () => {
  test.each<[string, SetUp]>([
    ['below the issuer', {}],
    ['with a slash that the configuration does not have', { habits: { statedIssuer: `${ISSUER}/` } }],
    ['at another address', { habits: { metadata: `${ISSUER}/meta` }, config: { metadata: `${ISSUER}/meta` } }],
    [
      'of another issuer',
      {
        habits: { statedIssuer: 'https://sts.example/tenant', metadata: `${ISSUER}/meta` },
        config: { metadata: `${ISSUER}/meta` },
      },
    ],
    ['of a provider that names the tenant at sign-in', { habits: { statedIssuer: `${ISSUER}/{tenantid}/v2.0` } }],
    [
      'in the configuration',
      {
        habits: { metadata: null },
        config: {
          metadata: { authorization_endpoint: `${ISSUER}/sim/authorize`, token_endpoint: `${ISSUER}/sim/token` },
        },
      },
    ],
  ])('lead to a sign-in %s', async (_name, options) => {
    const { complete } = setUp(options);
    expect(await complete()).toMatchObject({ type: 'granted', grant: { user: { sub: 'demo', name: 'Demo' } } });
  });
});

describe('a set-up error names the address, the status and the cure', () => {
  const problemOf = async (options: SetUp) => (await setUp(options).begin()) as { type: 'failed'; problem: unknown };

  test('when there are no metadata', async () => {
    expect((await problemOf({ habits: { metadata: null } })).problem).toEqual({
      code: 'misconfigured',
      at: `${ISSUER}/.well-known/openid-configuration`,
      status: 404,
      detail: 'These are no OpenID metadata. Check "issuer", or name their address in "metadata".',
    });
  });

  test('when the issuer is another one', async () => {
    const { problem } = await problemOf({ habits: { statedIssuer: 'https://other.example' } });
    expect(problem).toMatchObject({
      code: 'misconfigured',
      at: `${ISSUER}/.well-known/openid-configuration`,
      status: 200,
    });
    expect(problem).toMatchObject({ detail: expect.stringContaining('the issuer https://other.example') as unknown });
  });

  test('when CORS hides the metadata, and not when the network fails', async () => {
    const { begin } = setUp();
    vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
      if (init.mode === 'no-cors') return Response.error();
      throw new TypeError('Failed to fetch');
    });
    expect(await begin()).toMatchObject({
      problem: {
        code: 'misconfigured',
        detail: expect.stringContaining(`No CORS: allow the origin ${APP}`) as unknown,
      },
    });
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    expect(await begin()).toMatchObject({ problem: { code: 'network-unreachable' } });
  });

  test.each([
    ['redirect_uri_mismatch', '', CALLBACK],
    ['invalid_request', 'The redirect_uri is not registered', CALLBACK],
    ['invalid_scope', '', 'scope "openid profile"'],
    ['unauthorized_client', '', 'grants authorization_code and refresh_token'],
    ['invalid_request', 'AADSTS9002326: Cross-origin token redemption', 'a public one'],
  ])('when the provider sends the person back with %s %s', async (error, description, cure) => {
    const { oidc, params } = setUp();
    const query = new URLSearchParams({
      state: (await params()).get('state') ?? '',
      error,
      error_description: description,
    });
    expect(await oidc.signIn({ kind: 'oidc-callback', url: `${CALLBACK}?${query.toString()}` })).toMatchObject({
      problem: { code: 'misconfigured', at: ISSUER + '/', detail: expect.stringContaining(cure) as unknown },
    });
  });

  test('and a person who cancels is no set-up error', async () => {
    const { oidc, params } = setUp();
    const query = new URLSearchParams({ state: (await params()).get('state') ?? '', error: 'access_denied' });
    expect(await oidc.signIn({ kind: 'oidc-callback', url: `${CALLBACK}?${query.toString()}` })).toMatchObject({
      problem: { code: 'sign-in-refused', error: 'access_denied' },
    });
  });

  test('when the token endpoint knows no such client', async () => {
    const { oidc, begin, provider } = setUp();
    const page = await begin();
    if (!(page instanceof URL)) throw new Error('The sign-in did not begin.');
    const back = provider.authorize(page.href);
    const [send] = [globalThis.fetch];
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) =>
      url.endsWith('/sim/token')
        ? new Response('{"error":"invalid_client"}', { status: 401, headers: { 'content-type': 'application/json' } })
        : send(url, init),
    );
    expect(await oidc.signIn({ kind: 'oidc-callback', url: back.href })).toMatchObject({
      problem: {
        code: 'misconfigured',
        at: `${ISSUER}/sim/token`,
        status: 401,
        detail: expect.stringContaining('client "c"') as unknown,
      },
    });
  });
});

describe('the address that ends the sign-in at the provider', () => {
  const grantOf = async (options: SetUp) => {
    const outcome = await setUp(options).complete();
    if (outcome.type !== 'granted') throw new Error(JSON.stringify(outcome));
    return outcome.grant;
  };
  const END = `${ISSUER}/logout`;

  test('is for a refused revocation only, where the configuration says nothing', async () => {
    const grant = await grantOf({ habits: { endSession: END } });
    expect(grant.endSession).toBeUndefined();
    const { searchParams } = new URL(grant.endSessionIfRefused ?? '');
    expect(searchParams.get('post_logout_redirect_uri')).toBe(`${APP}/`);
    expect(searchParams.get('id_token_hint')).toMatch(/^ey/);
    expect(searchParams.has('ui_locales')).toBe(false);
  });

  test('names the language of the sign-in', async () => {
    const grant = await grantOf({ habits: { endSession: END }, config: { authorize: { ui_locales: 'fr' } } });
    expect(new URL(grant.endSessionIfRefused ?? '').searchParams.get('ui_locales')).toBe('fr');
  });

  test('is for each sign-out, where the configuration says so', async () => {
    const grant = await grantOf({ habits: { endSession: END }, config: { logout: 'provider' } });
    expect(grant.endSession).toContain(END);
  });

  test('has the parameters of a provider without discovery of it', async () => {
    const params = { client_id: '{client_id}', logout_uri: '{home}' };
    const grant = await grantOf({ config: { logout: { url: END, params } } });
    expect(grant.endSession).toBe(`${END}?client_id=c&logout_uri=${encodeURIComponent(`${APP}/`)}`);
  });

  test('has parameters in addition to the standard ones', async () => {
    const grant = await grantOf({ habits: { endSession: END }, config: { logout: { params: { federated: '1' } } } });
    expect(grant.endSession).toMatch(/id_token_hint=.*federated=1/);
  });
});

describe('a refresh', () => {
  const session: Session = { kind: 'oidc', generation: 1, startedAt: 0, tokens: { refresh: 'rt1' } };

  test.each([
    [{ status: 400, body: { error: 'token_inactive_for_too_long' } }, ['token_inactive_for_too_long']],
    [{ status: 403, body: { message: 'gone' } }, [403]],
    [{ status: 500, body: { error: 'invalid_grant' } }, ['invalid_grant']],
    [{ status: 200, body: { error: { code: 'SESSION_ENDED' } } }, ['SESSION_ENDED']],
  ])('that answers %j means that the person is needed, where `endsOn` says %j', async (dead, endsOn) => {
    const { oidc } = setUp({ habits: { dead }, config: { endsOn } });
    expect(await oidc.refresh(session)).toMatchObject({ problem: { code: 'sign-in-required', status: dead.status } });
  });

  test('that answers 403 does not, where nothing says so', async () => {
    const { oidc } = setUp({ habits: { dead: { status: 403, body: { message: 'gone' } } } });
    expect(await oidc.refresh(session)).toMatchObject({ problem: { code: 'server-unavailable' } });
  });
});

describe('a provider without revocation', () => {
  test('is reported, because its refresh token works on', async () => {
    const { oidc } = setUp({ habits: { revocation: 'absent' } });
    expect(await oidc.revoke({ kind: 'oidc', generation: 1, startedAt: 0, tokens: { refresh: 'rt1' } })).toMatchObject({
      code: 'revocation-refused',
    });
  });
});
