import 'fake-indexeddb/auto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startProvider, type ProviderServerOptions } from '../../server/provider-server.ts';
import { resourceOf } from '../../src/core/request-policy.ts';
import type { Verdict } from '../../src/core/session/session-types.ts';
import { createDpopKeys } from '../../src/host/auth/dpop-keys.ts';
import { createOidcMethod } from '../../src/host/auth/oidc-method.ts';
import { createPendingSignIns } from '../../src/host/auth/pending-sign-ins.ts';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';
import { UserAgent } from '../server/support/agent.ts';
import {
  createWorldClock,
  endWorld,
  settle,
  startWorker,
  type WorldWorker,
} from '../support/providers/browser-world.ts';
import { NEVER_SLEPT } from '../support/never-slept.ts';

/* Several APIs, several tokens, against a real provider: it rotates the refresh token, and accepts none twice. */

const APP = 'http://localhost:4999';
const ORDERS = 'https://orders.example/';
const BILLING = 'https://billing.example/';
const rule = (resource: string) => ({ origin: resource.slice(0, -1), path: '/', resource, scope: 'api' });
const nameOf = (resource: string): string => resourceOf(rule(resource)) ?? '';

const cleanups: (() => Promise<unknown>)[] = [];
/** The `resource` of each request to the token endpoint. */
let asked: (string | null)[] = [];

beforeEach(() => {
  vi.stubGlobal('navigator', { onLine: true });
  asked = [];
});

afterEach(async () => {
  await endWorld();
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const start = async (traits: Partial<ProviderServerOptions> = {}) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-resources-'));
  const resources = [ORDERS, BILLING];
  const provider = await startProvider({ dataDir, appOrigins: [APP], graceMs: 0, resources, ...traits });
  cleanups.push(
    () => rm(dataDir, { recursive: true, force: true }),
    () => provider.stop(),
  );
  const send = fetch;
  vi.stubGlobal('fetch', (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (new URL(request.url).pathname === '/token')
      void request
        .clone()
        .text()
        .then((body) => asked.push(new URLSearchParams(body).get('resource')));
    return send(request);
  });
  const clock = createWorldClock();
  const worker = await startWorker(clock, ({ disk, sealer, hasLeft }) => {
    const { issuer } = provider;
    const config = {
      ...{ issuer, clientId: 'session-keeper', callback: '/auth/callback', reuseGraceMs: 0, resource: issuer },
      scope: 'openid profile offline_access api',
    };
    const oidc = createOidcMethod({
      ...{
        config,
        apis: resources.map(rule),
        origin: APP,
        scope: '/',
        hasLeft,
        now: clock.now,
        connections: NEVER_SLEPT,
      },
      keys: createDpopKeys({ disk, sealer, now: clock.now }),
      pendingSignIns: createPendingSignIns({ disk, sealer, home: '/', now: clock.now }),
    });
    return { methods: { oidc }, revoke: oidc.revoke };
  });
  return { clock, worker, issuer: provider.issuer };
};

const signIn = async ({ runtime }: WorldWorker): Promise<void> => {
  const next = await runtime.signIn({ kind: 'oidc' });
  if (!next.ok || next.value?.type !== 'redirect') throw new Error(JSON.stringify(next));
  const browser = new UserAgent();
  const form = await browser.follow(next.value.url, `${APP}/auth/callback`);
  const fields = { do: 'sign-in', username: 'demo', password: 'demo' };
  const back = await browser.submit(form.url, `${APP}/auth/callback`, fields);
  runtime.dispatch({ type: 'sign-in', id: undefined, command: { kind: 'oidc-callback', url: back.url } });
  await settle();
};

const audienceOf = (verdict: Verdict): unknown => {
  if (verdict.type !== 'authorized') return verdict;
  const claims = parseJson(Buffer.from(verdict.token.value.split('.')[1] ?? '', 'base64url').toString());
  return isObject(claims) ? own(claims, 'aud') : undefined;
};

describe('a rule with a resource', () => {
  test.each([{ dpop: 'off' }, { dpop: 'required' }] as const)(
    'gets its own token from the one refresh token, at most one request at a time ($dpop) [resources-provider]',
    async (traits) => {
      const { worker, issuer } = await start(traits);
      await signIn(worker);
      const names = Array.from({ length: 10 }, () => [nameOf(ORDERS), nameOf(BILLING), undefined]).flat();
      const verdicts = await Promise.all(names.map((name) => worker.request(name)));
      expect(new Set(verdicts.map(audienceOf))).toEqual(new Set([ORDERS, BILLING, issuer]));
      expect(verdicts.map(audienceOf)).toEqual(
        names.map((name) => (name === nameOf(ORDERS) ? ORDERS : name === nameOf(BILLING) ? BILLING : issuer)),
      );
      const grants = asked.filter((resource) => resource !== issuer);
      expect(new Set(grants)).toEqual(new Set([ORDERS, BILLING]));
      expect(worker.state.state).toBe('active');
    },
  );

  test('renews only the token that its API refused, and the session’s own stays [resources-unauthorized]', async () => {
    const { worker, issuer } = await start({ dpop: 'off' });
    await signIn(worker);
    const before = await worker.request(nameOf(ORDERS));
    const own = await worker.request();
    if (before.type !== 'authorized') throw new Error(before.type);
    asked = [];
    const again = await worker.runtime.requestToken({
      ...{ type: 'refused', id: 'again', generation: before.generation, challenge: 'token' },
      resource: nameOf(ORDERS),
    });
    expect(audienceOf(again)).toBe(ORDERS);
    expect(again).not.toEqual(before);
    expect(asked).toEqual([ORDERS]);
    expect(await worker.request()).toEqual(own);
    expect(audienceOf(await worker.request())).toBe(issuer);
  });

  test('needs a sign-in when the last one did not name it, and costs no refresh token [resources-unknown]', async () => {
    const { worker } = await start({ dpop: 'off' });
    await signIn(worker);
    asked = [];
    const verdict = await worker.request(nameOf('https://unknown.example/'));
    expect(verdict).toMatchObject({ type: 'fail', problem: { code: 'sign-in-required', error: 'invalid_target' } });
    expect(asked).toEqual([]);
    expect(worker.state.state).toBe('active');
    expect(audienceOf(await worker.request(nameOf(BILLING)))).toBe(BILLING);
  });

  test('has its token still after the worker was killed [resources-restart]', async () => {
    const { worker } = await start({ dpop: 'off' });
    await signIn(worker);
    const verdict = await worker.request(nameOf(ORDERS));
    const { session } = worker;
    worker.kill();
    const clock = createWorldClock();
    const methods = () => ({ methods: {}, revoke: async () => true as const });
    const next = await startWorker(clock, methods);
    expect(next.session?.tokens.resources).toEqual(session?.tokens.resources);
    expect(await next.request(nameOf(ORDERS))).toEqual(verdict);
  });
});
