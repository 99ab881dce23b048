import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/host/runtime/clock.ts';
import { createConnections, type Connections } from '../../../src/host/runtime/connections.ts';
import { createAuthorizedFetch } from '../../../src/host/session/authorized-fetch.ts';
import { createRequestMatcher } from '../../../src/host/session/request-matcher.ts';
import { createUserScopes } from '../../../src/host/session/user-scope.ts';
import type { Session } from '../../../src/core/session/session-types.ts';

const HOME = new URL('https://app.example/sw.js');
const ISSUER = 'https://id.example/.well-known/openid-configuration';
const MINUTE_MS = 60_000;

type Sent = { url: string; init: RequestInit | undefined; answer: () => void };
let sent: Sent[];
let connections: Connections;

/** Each request waits for its answer, or rejects with its signal as the browser does. */
const send: typeof fetch = (input, init) =>
  new Promise((resolve, reject) => {
    sent.push({ url: String(input), init, answer: () => resolve(new Response()) });
    init?.signal?.addEventListener('abort', () => reject(new DOMException('late', 'TimeoutError')));
  });

/** The clock goes on, and no timer sees it. */
const sleep = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

const ended = async (work: Promise<unknown> | undefined): Promise<boolean> => {
  const state = { ended: false };
  void work?.then(() => (state.ended = true));
  await vi.advanceTimersByTimeAsync(0);
  return state.ended;
};

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  vi.stubGlobal('fetch', send);
  // The real one does not follow the fake timers.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), ms);
    return controller.signal;
  });
  connections = createConnections(systemClock, HOME);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('the check of connections after a sleep', () => {
  test('costs nothing while the device is awake', async () => {
    connections.clock.schedule(Date.now() + MINUTE_MS, () => undefined);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(connections.checked(HOME)).toBeUndefined();
    expect(sent).toEqual([]);
  });

  test('notices a sleep before the alarm that was due in it fires, and checks once', async () => {
    connections.clock.schedule(Date.now() + MINUTE_MS, () => undefined);
    sleep(20 * MINUTE_MS);
    const checked = connections.checked('/api/models');
    expect(connections.checked('/api/other')).toBe(checked);
    expect(await ended(checked)).toBe(false);
    expect(new Set(sent.map(({ url, init }) => `${init?.method} ${url}`))).toEqual(new Set([`HEAD ${HOME.href}`]));
    sent[3]?.answer();
    expect(await ended(checked)).toBe(true);
    expect(connections.checked('/api/models')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(connections.checked('/api/models')).toBeUndefined();
  });

  test('notices it by an alarm that fires late', async () => {
    connections.clock.schedule(Date.now() + 1_000, () => undefined);
    sleep(20 * MINUTE_MS);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connections.checked(HOME)).toBeDefined();
  });

  test('takes a busy minute for no sleep, and ignores an alarm that was cancelled', () => {
    connections.clock.schedule(Date.now() + 1_000, () => undefined);
    sleep(MINUTE_MS);
    expect(connections.checked(HOME)).toBeUndefined();
    const other = createConnections(systemClock, HOME);
    other.clock.schedule(Date.now() + 1_000, () => undefined)();
    sleep(20 * MINUTE_MS);
    expect(other.checked(HOME)).toBeUndefined();
  });

  test('ends the connections that do not answer, and lets the requests go', async () => {
    connections.clock.schedule(Date.now(), () => undefined);
    sleep(20 * MINUTE_MS);
    const checked = connections.checked(HOME);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(await ended(checked)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await ended(checked)).toBe(true);
    expect(sent.every(({ init }) => init?.signal?.aborted)).toBe(true);
  });

  test('asks a provider at an address of its own, without cookies, once after each sleep', async () => {
    for (const nap of [1, 2]) {
      connections.clock.schedule(Date.now(), () => undefined);
      sleep(20 * MINUTE_MS);
      const checked = connections.checked(ISSUER);
      expect(sent).toHaveLength(2 * nap);
      expect(sent.at(-1)).toMatchObject({
        url: ISSUER,
        init: { method: 'HEAD', mode: 'no-cors', credentials: 'omit' },
      });
      sent.at(-1)?.answer();
      expect(await ended(checked)).toBe(true);
      expect(connections.checked(ISSUER)).toBeUndefined();
    }
  });
});

test('a request that waits for the check does not go out for the next user', async () => {
  const scopes = createUserScopes();
  const leaving: Session = { kind: 'password', generation: 1, startedAt: 0, tokens: { refresh: 'r' } };
  scopes.observe(leaving, false);
  const authorizedFetch = createAuthorizedFetch({
    ...{ origin: HOME.origin, connections, scope: scopes.get, now: Date.now, refusedAgain: () => undefined },
    matcher: createRequestMatcher({ api: [{ origin: 'self', path: '/api/' }], whoami: '/api/me' }, HOME.origin),
    requestToken: () => ({
      type: 'authorized',
      generation: 2,
      token: { value: 'of the next user', scheme: 'Bearer', issuedAt: 0, expiresAt: Infinity },
    }),
    sendWithProof: () => Promise.reject(new Error('no proofs')),
    recover: () => Promise.reject(new Error('no host')),
  });
  connections.clock.schedule(Date.now(), () => undefined);
  sleep(20 * MINUTE_MS);
  const response = authorizedFetch(new Request(`${HOME.origin}/api/notes`));
  scopes.observe(leaving, true);
  const checks = sent.splice(0);
  checks[0]?.answer();
  expect((await response).type).toBe('error');
  expect(checks).toHaveLength(6);
  expect(sent).toEqual([]);
});
