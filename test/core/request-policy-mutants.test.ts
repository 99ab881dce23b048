import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { followsRedirects, ruleFor, handlingOf, type RequestKind, type Target } from '../../src/core/request-policy.ts';
import type { ApiRule } from '../../src/protocol/config.ts';

const SELF = 'https://app.example';
const RULES: readonly ApiRule[] = [{ origin: 'self', path: '/api/', media: ['/api/media/'] }];

type Policy = { rule: typeof ruleFor; handling: typeof handlingOf };
const SHIPPED: Policy = { rule: ruleFor, handling: handlingOf };

const origin = fc.constantFrom(SELF, `${SELF}0`, `${SELF}:8443`, `${SELF}.evil.example`, 'http://app.example', 'null');
const piece = fc.constantFrom('api', 'apix', 'media', '..%2f', '%5c', 'admin', '');
const path = fc.array(piece, { maxLength: 5 }).map((pieces) => `/${pieces.join('/')}`);
const target: fc.Arbitrary<Target> = fc.record({ origin, path });
const BEACON = new Headers({ 'content-type': 'text/plain' });
const kind: fc.Arbitrary<RequestKind> = fc.record({
  mode: fc.constantFrom('navigate', 'cors', 'no-cors', 'same-origin'),
  destination: fc.constantFrom('', '', '', 'document', 'iframe', 'image', 'video', 'script', 'embed'),
  method: fc.constantFrom('GET', 'POST'),
  credentials: fc.constantFrom('same-origin', 'omit'),
  headers: fc.constantFrom(new Headers(), new Headers({ 'content-type': 'text/ping' }), BEACON),
});

/** Invariant 11 in a second, independent implementation. */
const mayHaveToken = (
  { origin: from, path: at }: Target,
  { mode, destination, method, credentials, headers }: RequestKind,
): boolean => {
  const served = new URL(`${SELF}${at.replaceAll(/%2f|%5c/gi, '/')}`).pathname;
  const isInside = (path: string): boolean => path.split('/')[1] === 'api' && path.length >= '/api/'.length;
  const media = ['image', 'video'].includes(destination) && method === 'GET' && at.startsWith('/api/media/');
  const script = destination === '' && (mode !== 'no-cors' || (method === 'POST' && headers === BEACON));
  const covered = from === SELF && isInside(at) && isInside(served);
  return covered && mode !== 'navigate' && credentials !== 'omit' && (script || media);
};

const check = ({ rule, handling }: Policy): void =>
  fc.assert(
    fc.property(target, kind, (to, how) => {
      const authorized = handling(rule(RULES, SELF, to), to.path, how) !== 'ignore';
      return authorized === mayHaveToken(to, how);
    }),
    { seed: 11, numRuns: 20_000 },
  );

/** Mistakes that real products have shipped. */
const MUTANTS: readonly (readonly [string, Policy])[] = [
  [
    'compares paths by prefix',
    {
      ...SHIPPED,
      rule: (rules, self, to) => rules.find((rule) => to.origin === self && to.path.startsWith(rule.path.slice(0, -1))),
    },
  ],
  [
    'compares origins by prefix',
    {
      ...SHIPPED,
      rule: (rules, self, to) => ruleFor(rules, self, { ...to, origin: to.origin.startsWith(self) ? self : to.origin }),
    },
  ],
  [
    'treats an encoded separator as part of a name',
    { ...SHIPPED, rule: (rules, self, to) => ruleFor(rules, self, { ...to, path: to.path.replace(/%2f|%5c/gi, 'x') }) },
  ],
  [
    'authorizes what markup sends without script',
    { ...SHIPPED, handling: (rule, at, how) => handlingOf(rule, at, { ...how, headers: BEACON }) },
  ],
  [
    'authorizes requests that leave out credentials',
    { ...SHIPPED, handling: (rule, at, how) => handlingOf(rule, at, { ...how, credentials: 'include' }) },
  ],
  [
    'authorizes navigations',
    { ...SHIPPED, handling: (rule, at, how) => handlingOf(rule, at, { ...how, mode: 'cors' }) },
  ],
  [
    'authorizes frames',
    {
      ...SHIPPED,
      handling: (rule, at, how) =>
        handlingOf(rule, at, { ...how, destination: how.destination === 'iframe' ? '' : how.destination }),
    },
  ],
  [
    'authorizes images on each path',
    { ...SHIPPED, handling: (rule, _at, how) => handlingOf(rule, '/api/media/x', how) },
  ],
];

describe('invariant 11: a token goes only to allowed requests', () => {
  test('authorizes exactly the allowed requests for any origin, path and request kind', () => {
    expect(() => check(SHIPPED)).not.toThrow();
  });

  test.each(MUTANTS)('invariant 11: detects a policy that %s', (_name, mutant) => {
    expect(() => check(mutant)).toThrow('Property failed');
  });
});

const FOLLOWING: ApiRule = { origin: 'self', path: '/api/', redirects: ['/api/latest/'] };
const FOLLOW_MUTANTS: readonly (readonly [string, typeof followsRedirects])[] = [
  ['follows redirects of unsafe methods', (rule, at) => followsRedirects(rule, at, 'GET')],
  ['follows redirects on each path', (rule, _at, method) => followsRedirects(rule, '/api/latest/x', method)],
  ['follows redirects without a declaration', (_rule, at, method) => followsRedirects(FOLLOWING, at, method)],
  [
    'follows redirects of paths with the same prefix',
    (rule, at, method) => followsRedirects(rule, at.replace('latestx', 'latest'), method),
  ],
];

const checkFollowing = (follows: typeof followsRedirects): void => {
  const paths = ['/api/latest/x', '/api/latestx/x', '/api/other', '/api/latest'];
  for (const at of paths)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      for (const rule of [FOLLOWING, { origin: 'self', path: '/api/' }, undefined])
        expect(follows(rule, at, method), `${method} ${at}`).toBe(
          rule === FOLLOWING && at === '/api/latest/x' && (method === 'GET' || method === 'HEAD'),
        );
};

describe('a redirect is followed only on a declared path, and only for GET and HEAD', () => {
  test('follows exactly the declared redirects for each path and method', () => {
    expect(() => checkFollowing(followsRedirects)).not.toThrow();
  });

  test.each(FOLLOW_MUTANTS)('detects a policy that %s', (_name, mutant) => {
    expect(() => checkFollowing(mutant)).toThrow('expected');
  });
});
