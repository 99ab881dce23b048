import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Verdict } from '../../../src/core/session/session-types.ts';
import { createAuthorizedFetch, type AuthorizedFetch } from '../../../src/host/session/authorized-fetch.ts';
import { createHiddenAnswers } from '../../../src/host/session/hidden-answers.ts';
import { createRequestMatcher } from '../../../src/host/session/request-matcher.ts';
import { createUserScopes } from '../../../src/host/session/user-scope.ts';
import { NEVER_SLEPT } from '../../support/never-slept.ts';

/* An API on another origin whose 401 has no CORS headers: the browser reports a failed request, and no status. */

const ORIGIN = 'https://app.example';
const API = 'https://api.example/v1/items';
const MINUTE_MS = 60_000;

const world = { now: 0, isUp: true, good: [] as readonly string[] };
let sent: string[] = [];
let asked: string[] = [];
let authorizedFetch: AuthorizedFetch;

/** What a browser gives a page: an opaque answer to a request without CORS, and no answer where the headers are missing. */
const browserFetch = async (input: Request | string, init: RequestInit = {}): Promise<Response> => {
  const request = input instanceof Request ? input : undefined;
  const token = request?.headers.get('authorization')?.replace('Bearer ', '');
  sent.push([request?.method ?? init.method, init.mode === 'no-cors' ? 'opaque' : token].join(' '));
  if (!world.isUp) throw new TypeError('Failed to fetch');
  if (init.mode === 'no-cors') return Response.error();
  if (token === undefined || !world.good.includes(token)) throw new TypeError('Failed to fetch');
  return new Response('[]');
};

const token = (generation: number): Verdict => ({
  type: 'authorized',
  generation,
  token: { value: `t${generation}`, scheme: 'Bearer', issuedAt: world.now, expiresAt: Infinity },
});

beforeEach(() => {
  Object.assign(world, { now: 1_000_000, isUp: true, good: [] });
  sent = [];
  asked = [];
  vi.stubGlobal('fetch', browserFetch);
  vi.stubGlobal('navigator', { onLine: true });
  vi.spyOn(console, 'warn').mockReturnValue();
  const hidden = createHiddenAnswers(() => world.now);
  let generation = 1;
  authorizedFetch = createAuthorizedFetch({
    origin: ORIGIN,
    now: () => world.now,
    connections: NEVER_SLEPT,
    scope: createUserScopes().get,
    matcher: createRequestMatcher(
      {
        api: [
          { origin: 'self', path: '/api/' },
          { origin: 'https://api.example', path: '/v1/' },
        ],
        whoami: '/api/me',
      },
      ORIGIN,
    ),
    sendWithProof: () => Promise.reject(new Error('no proofs')),
    recover: hidden.recover,
    requestToken(event) {
      asked.push(event.type === 'refused' ? `${event.type} ${event.challenge}` : event.type);
      if (event.type === 'refused') generation = Math.max(generation, event.generation + 1);
      return token(generation);
    },
    refusedAgain: (refused) => void asked.push(`refused-again ${refused}`),
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('renews the token and sends a GET once more when CORS hides its 401 [hidden-401]', async () => {
  world.good = ['t2'];
  expect((await authorizedFetch(new Request(API))).status).toBe(200);
  expect(sent).toEqual(['GET t1', 'HEAD opaque', 'GET t2']);
  expect(asked).toEqual(['request', 'refused token']);
});

test('renews the token for a POST whose answer is hidden, and does not send it twice', async () => {
  world.good = ['t2'];
  const post = (): Promise<Response> => authorizedFetch(new Request(API, { method: 'POST', body: 'order' }));
  await expect(post()).rejects.toThrow('Failed to fetch');
  expect(sent).toEqual(['POST t1', 'HEAD opaque']);
  expect((await post()).status).toBe(200);
});

test('judges no token when the server does not answer at all', async () => {
  world.isUp = false;
  await expect(authorizedFetch(new Request(API))).rejects.toThrow('Failed to fetch');
  expect(asked).toEqual(['request']);
});

test('asks once a minute at most when a new token fails in the same way', async () => {
  await expect(authorizedFetch(new Request(API))).rejects.toThrow('Failed to fetch');
  expect(asked).toEqual(['request', 'refused token', 'refused-again 2']);
  sent = [];
  for (let count = 0; count < 20; count += 1)
    await expect(authorizedFetch(new Request(API))).rejects.toThrow('Failed to fetch');
  expect(sent).toEqual(Array.from({ length: 20 }, () => 'GET t2'));
  world.now += MINUTE_MS;
  await expect(authorizedFetch(new Request(API))).rejects.toThrow('Failed to fetch');
  expect(asked.filter((event) => event.startsWith('refused '))).toHaveLength(2);
});

test('looks once for many requests that fail at the same time', async () => {
  world.good = ['t2'];
  await Promise.all(Array.from({ length: 5 }, () => authorizedFetch(new Request(API))));
  expect(sent.filter((request) => request === 'HEAD opaque')).toHaveLength(1);
});

test('leaves failed requests to the own origin, and those that the page aborted, as they are', async () => {
  await expect(authorizedFetch(new Request(`${ORIGIN}/api/items`))).rejects.toThrow('Failed to fetch');
  await expect(authorizedFetch(new Request(API, { signal: AbortSignal.abort() }))).rejects.toThrow('Failed to fetch');
  expect(asked).toEqual(['request', 'request']);
});
