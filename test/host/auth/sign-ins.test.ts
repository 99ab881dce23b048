import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDpopKeys } from '../../../src/host/auth/dpop-keys.ts';
import { signInFailure } from '../../../src/host/auth/methods/sign-in-failure.ts';
import { createOidcMethod } from '../../../src/host/auth/oidc-method.ts';
import { createPendingSignIns } from '../../../src/host/auth/pending-sign-ins.ts';
import { createDisk, destroyDisk } from '../../../src/host/storage/database.ts';
import { createSealer } from '../../../src/host/storage/encryption.ts';
import { judgeTokenAnswer } from '../../../src/core/token-endpoint/token-response.ts';
import { connectTo, simulateProvider } from '../../support/providers/simulated-provider.ts';
import { NEVER_SLEPT } from '../../support/never-slept.ts';

/* Sign-ins at a provider's page: people leave it open, come back late, and use several tabs. */

const APP = 'https://app.example';
const ISSUER = 'https://id.example';
const MINUTE_MS = 60_000;
const HERE = '/orders?page=2#/7/lines';

const clock = { now: 0 };
let provider: ReturnType<typeof simulateProvider>;
let oidc: ReturnType<typeof createOidcMethod>;

/** It knows nothing but what is on the disk. */
const startWorker = (): void => {
  const now = (): number => clock.now;
  const disk = createDisk();
  const sealer = createSealer(disk, APP, { id: 'k1', secret: 'a secret of the worker' });
  oidc = createOidcMethod({
    config: { issuer: ISSUER, clientId: 'c', callback: '/auth/callback', reuseGraceMs: 0 },
    ...{ origin: APP, scope: '/', now, hasLeft: () => false, connections: NEVER_SLEPT },
    keys: createDpopKeys({ disk, sealer, now }),
    pendingSignIns: createPendingSignIns({ disk, sealer, home: '/', now }),
  });
};

beforeEach(() => {
  clock.now = Date.now();
  const now = (): number => clock.now;
  provider = simulateProvider(
    {
      ...{ issuer: ISSUER, refreshToken: 'always', rotates: true, reuseGraceMs: 0, revocation: 'standard' },
      dead: { status: 400, body: { error: 'invalid_grant' } },
    },
    now,
  );
  connectTo([{ origin: ISSUER, fetch: provider.fetch }]);
  startWorker();
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await destroyDisk();
});

/** The address of the provider's page. */
const begin = async (returnTo = HERE): Promise<string> => {
  const outcome = await oidc.signIn({ kind: 'oidc', returnTo });
  if (outcome.type !== 'redirect') throw new Error(JSON.stringify(outcome));
  return outcome.url;
};

const stateOf = (page: string): string => new URL(page).searchParams.get('state') ?? '';

/** The person signs in on that page, and the browser comes back. */
const comeBack = (page: string) => oidc.signIn({ kind: 'oidc-callback', url: provider.authorize(page).href });

describe('the way back from the provider', () => {
  test('leads to the same place, with the route in its hash [hash-route]', async () => {
    const page = await begin();
    expect(await oidc.land(stateOf(page))).toEqual({ url: HERE, begins: false });
    expect(await comeBack(page)).toMatchObject({ type: 'granted' });
  });

  test('completes the sign-in after 59 minutes', async () => {
    const page = await begin();
    clock.now += 59 * MINUTE_MS;
    expect(await oidc.land(stateOf(page))).toEqual({ url: HERE, begins: false });
    expect(await comeBack(page)).toMatchObject({ type: 'granted' });
  });

  test.each([61 * MINUTE_MS, 29 * 24 * 60 * MINUTE_MS])(
    'begins the sign-in again after %d ms, and then leads to the place where it began [hour-away]',
    async (absence) => {
      const first = await begin();
      clock.now += absence;
      const landing = await oidc.land(stateOf(first));
      expect(landing).toMatchObject({ begins: true });
      const second = landing.url;
      expect(new URL(second).origin).toBe(ISSUER);
      expect(stateOf(second)).not.toBe(stateOf(first));
      expect(await oidc.land(stateOf(second))).toEqual({ url: HERE, begins: false });
      expect(await comeBack(second)).toMatchObject({ type: 'granted' });
    },
  );

  test('leads to the place where it began when the provider cannot be reached after that hour', async () => {
    const page = await begin();
    clock.now += 61 * MINUTE_MS;
    startWorker();
    connectTo([]);
    expect(await oidc.land(stateOf(page))).toEqual({ url: HERE, begins: false });
  });
});

/** From now on the provider's token endpoint is elsewhere, and only its metadata say so. */
const moveTokenEndpoint = (former: 'page' | 'gone' | 'refuses'): string[] => {
  const asked: string[] = [];
  const moved = `${ISSUER}/v2/token`;
  connectTo([
    {
      origin: ISSUER,
      async fetch(input, init) {
        const request = new Request(input, init);
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        if (request.url === moved) return provider.fetch(new Request(`${ISSUER}/sim/token`, request));
        if (pathname === '/sim/token') {
          if (former === 'gone') return new Response(null, { status: 404 });
          if (former === 'refuses') throw new TypeError('Failed to fetch');
          return new Response('<html>', { headers: { 'content-type': 'text/html' } });
        }
        const answer = await provider.fetch(input, init);
        if (!pathname.endsWith('openid-configuration')) return answer;
        return Response.json({ ...((await answer.json()) as object), token_endpoint: moved });
      },
    },
  ]);
  return asked;
};

test.each(['page', 'gone', 'refuses'] as const)(
  'asks the new token endpoint at the second attempt when the former one answers no OAuth: %s [endpoint-moved]',
  async (former) => {
    const outcome = await comeBack(await begin());
    if (outcome.type !== 'granted') throw new Error(JSON.stringify(outcome));
    const session = { kind: 'oidc', generation: 1, startedAt: clock.now, tokens: outcome.grant } as const;
    const asked = moveTokenEndpoint(former);
    expect(await oidc.refresh(session)).toMatchObject({ type: 'failed' });
    expect(await oidc.refresh(session)).toMatchObject({ type: 'granted' });
    expect(asked).toEqual(['/sim/token', '/.well-known/openid-configuration', '/v2/token']);
  },
);

test('five tabs that begin a sign-in at once all complete it, in any order [five-tabs]', async () => {
  const pages = await Promise.all(Array.from({ length: 5 }, (_, tab) => begin(`/tab/${tab}`)));
  expect(new Set(pages.map(stateOf)).size).toBe(5);
  const order = [3, 0, 4, 2, 1];
  for (const tab of order) {
    const page = pages[tab] ?? '';
    expect(await oidc.land(stateOf(page))).toEqual({ url: `/tab/${tab}`, begins: false });
    expect(await comeBack(page)).toMatchObject({ type: 'granted' });
  }
  for (const page of pages)
    expect(await comeBack(page)).toMatchObject({ type: 'failed', problem: { error: 'unknown state' } });
});

describe('a failed sign-in is named by its status', () => {
  const failureOf = (status: number, body: string) => {
    const verdict = judgeTokenAnswer(
      { at: '/token', status, text: body, retryAfterMs: undefined, receivedAt: 0 },
      'Bearer',
    );
    return verdict.type === 'failed' ? signInFailure(verdict.problem) : undefined;
  };

  test.each<[number, string, object]>([
    [503, '', { code: 'server-unavailable', status: 503 }],
    [500, '{"error":"server_error"}', { code: 'server-unavailable', status: 500 }],
    [502, '<html>', { code: 'server-unavailable', status: 502 }],
    [429, '', { code: 'rate-limited' }],
    [403, '<html>blocked', { code: 'server-unavailable', status: 403 }],
    [404, '', { code: 'misconfigured', detail: 'HTTP 404' }],
    [405, '<html>', { code: 'misconfigured', detail: 'HTTP 405' }],
    [200, '<html>welcome', { code: 'unexpected-answer', status: 200 }],
    [400, '{"error":"invalid_grant"}', { code: 'sign-in-refused', error: 'invalid_grant' }],
    [403, '{"error":"access_denied"}', { code: 'sign-in-refused', error: 'access_denied' }],
    [400, '{"error":"interaction_required"}', { code: 'sign-in-refused', error: 'interaction_required' }],
    [401, '', { code: 'sign-in-refused', error: 'HTTP 401' }],
  ])('%i %s [sign-in-status]', (status, body, problem) => {
    expect(failureOf(status, body)).toMatchObject(problem);
  });
});
