import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  handlingOf,
  leavesRule,
  resourceOf,
  ruleFor,
  type RequestKind,
  type Target,
} from '../../src/core/request-policy.ts';
import type { ApiRule } from '../../src/protocol/config.ts';

const SELF = 'https://app.example';
const OTHER = 'https://api.example:8443';
const RULES: readonly ApiRule[] = [
  { origin: 'self', path: '/api/v1/', media: ['/api/v1/media/', '/elsewhere/'], public: ['/api/v1/status/'] },
  { origin: 'self', path: '/plain' },
  { origin: OTHER, path: '/' },
];

/** A URL as the worker sees it. The URL parser has removed dot segments and the default port. */
const targetOf = (url: string): Target => {
  const { origin, pathname } = new URL(url, SELF);
  return { origin, path: pathname };
};
const rule = (url: string): ApiRule | undefined => ruleFor(RULES, SELF, targetOf(url));

describe('a token goes to an exact origin and path segment (invariant 11) [policy-exact-origin]', () => {
  test.each([
    ['/api/v1/notes', RULES[0]],
    ['/api/v1/', RULES[0]],
    ['/api/v1/a/../b', RULES[0]],
    ['https://app.example:443/api/v1/x', RULES[0]],
    ['HTTPS://APP.EXAMPLE/api/v1/x', RULES[0]],
    ['https://user:secret@app.example/api/v1/x', RULES[0]],
    ['/api/v1/x?next=https://evil.example/', RULES[0]],
    ['/api/v1/projects/group%2Fapp', RULES[0]],
    ['/api/v1/files/a%5Cb', RULES[0]],
    ['/api/v1/a%2F..%2Fb', RULES[0]],
    ['/api/v1/x%252Fy', RULES[0]],
    ['/plain/x', RULES[1]],
    ['https://api.example:8443/anything', RULES[2]],
    ['https://api.example:8443/..%2F..%2Fanything', RULES[2]],
  ])('covers %s', (url, expected) => {
    expect(rule(url)).toBe(expected);
  });

  test.each([
    ['a longer segment', '/api/v10/x'],
    ['a longer segment without a slash', '/plainly/x'],
    ['the path itself without its slash', '/api/v1'],
    ['a dot segment that leads out', '/api/v1/../admin'],
    ['an encoded dot segment that leads out', '/api/v1/%2e%2e/admin'],
    ['a backslash, which the URL parser turns into a slash', '/api/v1/..\\admin'],
    ['an encoded slash that leads out', '/api/v1/..%2Fadmin'],
    ['an encoded backslash that leads out', '/api/v1/..%5cadmin'],
    ['a slash encoded twice that leads out', '/api/v1/..%252Fadmin'],
    ['encoded dots and slashes that lead out', '/api/v1/a%2f%252e%252e%2f..%2fadmin'],
    ['an encoded slash after a dot, and then one that leads out', '/api/v1/.%2F..%2Fadmin'],
    ['dots encoded once that lead out', '/api/v1/a%2F%2E%2E%2F..%2Fadmin'],
    ['dots encoded three times that lead out', '/api/v1/a%2F%25252E%25252E%2F..%2Fadmin'],
    ['encoded separators that lead out of the root', '/api/v1/..%2F..%2F..%2F..%2Fapi/v1/x'],
    ['other upper and lower case', '/API/v1/x'],
    ['another scheme', 'http://app.example/api/v1/x'],
    ['another port', 'https://app.example:8443/api/v1/x'],
    ['a sub-domain', 'https://x.app.example/api/v1/x'],
    ['a longer host with the same prefix', 'https://app.example.evil.example/api/v1/x'],
    ["the app's host as the user name", 'https://app.example@evil.example/api/v1/x'],
    ['the other origin without its port', 'https://api.example/x'],
    ['an opaque origin', 'data:text/plain,/api/v1/x'],
    ["a blob URL of the app's origin", 'blob:https://app.example/api/v1/x'],
  ])('does not cover %s', (_why, url) => {
    expect(rule(url)).toBeUndefined();
  });

  test('covers only paths whose first segments match a rule exactly, for any path', () => {
    const piece = fc.constantFrom('api', 'v1', 'v10', 'plain', '..', '.', '%2e', '%2f', '%5C', '', 'x');
    const seen = new Set<ApiRule | undefined>();
    const holds = fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const target = targetOf(`${SELF}/${pieces.join('/')}`);
      const covered = ruleFor(RULES, SELF, target);
      seen.add(covered);
      const [, first, second, ...rest] = decodeURIComponent(target.path).split(/[/\\]/);
      if (covered === undefined) return true;
      const under = covered === RULES[0] ? first === 'api' && second === 'v1' : first === 'plain';
      return under && !rest.includes('..');
    });
    fc.assert(holds, { seed: 1, numRuns: 5_000 });
    expect(seen).toEqual(new Set([undefined, RULES[0], RULES[1]]));
  });
});

describe('the treatment of a covered request', () => {
  const kind = (change: Partial<RequestKind>): RequestKind => ({
    mode: 'cors',
    destination: '',
    method: 'GET',
    credentials: 'same-origin',
    headers: new Headers(),
    ...change,
  });
  const treated = (url: string, change: Partial<RequestKind>) =>
    handlingOf(rule(url), targetOf(url).path, kind(change));

  test.each(['GET', 'POST', 'PUT', 'DELETE'])('authorizes a %s by fetch, XHR or EventSource', (method) => {
    expect(treated('/api/v1/notes', { method })).toBe('authorize');
  });

  test.each([
    ['GET', undefined],
    ['POST', undefined],
    ['POST', 'text/ping'],
    ['POST', 'text/ping;charset=utf-8'],
  ])('ignores a no-cors %s with the body type %s, which markup can send without script', (method, type) => {
    const headers = new Headers(type === undefined ? {} : { 'content-type': type });
    expect(treated('/api/v1/notes', { mode: 'no-cors', method, headers })).toBe('ignore');
  });

  test('leaves a prefetch of markup alone, also with `crossorigin`', () => {
    const headers = new Headers({ 'sec-purpose': 'prefetch' });
    expect(treated('/api/v1/notes', { headers })).toBe('ignore');
  });

  test('authorizes a beacon of script', () => {
    const headers = new Headers({ 'content-type': 'text/plain;charset=UTF-8' });
    expect(treated('/api/v1/notes', { mode: 'no-cors', method: 'POST', headers })).toBe('authorize');
  });

  test('ignores a request that leaves out credentials, and each request on a public path', () => {
    expect(treated('/api/v1/notes', { credentials: 'omit' })).toBe('ignore');
    expect(treated('/api/v1/status/now', {})).toBe('ignore');
    expect(treated('/api/v1/status-page', {})).toBe('authorize');
  });

  test.each(['document', 'iframe', 'frame', 'embed', 'object', ''])(
    'never authorizes a navigation to a %s [policy-navigation]',
    (destination) => {
      expect(treated('/api/v1/notes', { mode: 'navigate', destination })).toBe('ignore');
      expect(treated('/api/v1/notes', { mode: 'navigate', destination, method: 'POST' })).toBe('ignore');
    },
  );

  test.each(['script', 'style', 'worker', 'font', 'manifest', 'iframe', 'embed', 'object', 'report'])(
    'never authorizes a %s',
    (destination) => {
      expect(treated('/api/v1/media/x', { mode: 'no-cors', destination })).toBe('ignore');
    },
  );

  test.each(['image', 'audio', 'video', 'track'])(
    'authorizes a GET for %s on a declared media path only [policy-media]',
    (destination) => {
      expect(treated('/api/v1/media/x', { mode: 'no-cors', destination })).toBe('authorize-media');
      expect(treated('/api/v1/notes', { mode: 'no-cors', destination })).toBe('ignore');
      expect(treated('/plain/x', { mode: 'no-cors', destination })).toBe('ignore');
      expect(treated('/api/v1/media/x', { mode: 'no-cors', destination, method: 'POST' })).toBe('ignore');
    },
  );

  test('does not authorize a media path outside its rule', () => {
    expect(treated('/elsewhere/x', { mode: 'no-cors', destination: 'image' })).toBe('ignore');
  });

  test('leaves a request alone when no rule covers it', () => {
    expect(handlingOf(undefined, '/x', kind({}))).toBe('ignore');
  });
});

test('says of a request that it leaves its rule only where a server may decode it so', () => {
  const leaves = (url: string): boolean => leavesRule(RULES, SELF, targetOf(url));
  expect(leaves('/api/v1/..%2Fadmin')).toBe(true);
  expect(leaves('/api/v1/notes')).toBe(false);
  expect(leaves('/elsewhere/..%2Fadmin')).toBe(false);
});

test('names the token of a rule by its resource, audience and scope, and that of a plain rule not at all', () => {
  const rule = { origin: OTHER, path: '/' };
  expect(resourceOf(rule)).toBeUndefined();
  const names = [{ resource: 'x' }, { audience: 'x' }, { scope: 'x' }].map((part) => resourceOf({ ...rule, ...part }));
  expect(new Set(names).size).toBe(3);
  expect(resourceOf({ ...rule, path: '/other/', audience: 'x' })).toBe(names[1]);
});
