import { describe, expect, test } from 'vitest';
import type { HttpResponse } from '../../cli/doctor/site/http-request.ts';
import { admits, framingOf, parsePolicy, sourcesFor } from '../../cli/doctor/site/policy.ts';

const SELF = new URL('https://app.example/');

describe('source list', () => {
  test.each([
    ["'self'", 'https://app.example/x', true],
    ["'self'", 'https://app.example:8443/', false],
    ["'SELF'", 'https://app.example/', true],
    ["'none'", 'https://app.example/', false],
    ['*', 'https://id.example/', true],
    ['https:', 'https://id.example/', true],
    ['http:', 'https://id.example/', true],
    ['https:', 'http://id.example/', false],
    ['https://id.example', 'https://id.example/token', true],
    ['http://id.example', 'https://id.example/', false],
    ['id.example', 'https://id.example/', true],
    ['id.example', 'http://id.example/', false],
    ['https://id.example', 'https://id.example.evil.tld/', false],
    ['https://id.example', 'https://id.example:444/', false],
    ['https://id.example:*', 'https://id.example:444/', true],
    ['http://localhost:4174', 'http://localhost:41740/', false],
    ['https://*.example', 'https://id.example/', true],
    ['https://*.example', 'https://example/', false],
    ['https://id.example/auth/', 'https://id.example/auth/x', true],
    ['https://id.example/auth', 'https://id.example/auth/x', false],
    ["'sha256-abc'", 'https://id.example/', false],
  ])('%s allows %s: %j', (source, url, expected) => {
    expect(admits([source], new URL(url), SELF)).toBe(expected);
  });

  test('allows a request when no directive restricts it', () => {
    expect(admits(sourcesFor(parsePolicy("img-src 'self'"), 'connect-src'), new URL('https://id.example/'), SELF)).toBe(
      true,
    );
  });

  test.each([
    ["default-src 'none'; script-src 'self'", 'worker-src', ["'self'"]],
    ["default-src 'none'; child-src a; script-src b", 'worker-src', ['a']],
    ["default-src 'none'", 'frame-src', ["'none'"]],
    ['script-src a', 'frame-src', undefined],
    ['connect-src a; connect-src b', 'connect-src', ['a']],
    ['  CONNECT-SRC   a  b ;', 'connect-src', ['a', 'b']],
    ['connect-src', 'connect-src', []],
  ])('reads %s for %s', (text, name, expected) => {
    expect(sourcesFor(parsePolicy(text), name)).toEqual(expected);
  });
});

describe('framing', () => {
  const answer = (headers: HttpResponse['headers']): HttpResponse => ({
    url: SELF.href,
    status: 200,
    headers,
    cookies: [],
    body: '',
  });

  test.each([
    [{}, 'any'],
    [{ 'x-frame-options': 'deny' }, 'none'],
    [{ 'x-frame-options': 'SAMEORIGIN' }, 'same-origin'],
    [{ 'x-frame-options': 'ALLOW-FROM https://partner.example' }, 'any'],
    [{ 'x-frame-options': 'DENY', 'content-security-policy': 'frame-ancestors *' }, 'any'],
    [{ 'content-security-policy': "frame-ancestors 'none'" }, 'none'],
    [{ 'content-security-policy': 'frame-ancestors' }, 'none'],
    [{ 'content-security-policy': "frame-ancestors 'self'" }, 'same-origin'],
    [{ 'content-security-policy': "frame-ancestors 'self' https://partner.example" }, 'some'],
    [{ 'content-security-policy': "default-src 'none'" }, 'any'],
  ])('reads %j as %s', (headers, expected) => {
    expect(framingOf(answer(headers))).toBe(expected);
  });
});
