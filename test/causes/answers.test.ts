import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { destroyDisk } from '../../src/host/storage/database.ts';
import type { ProblemCode } from '../../src/protocol/problem.ts';
import { createPasswordWorkers } from './password-workers.ts';
import type { RunningWorker } from './running-worker.ts';
import { json, startTokenEndpoint, type Oddity, type TokenEndpoint } from './token-endpoint.ts';

/*
 * The real runtime, disk and HTTP client against a real server that gives odd answers. Each test then kills the worker:
 * the next one must have the session and refresh with the newest token.
 */

const MAX_BODY_BYTES = 256 * 1024;
const REUSE_GRACE_MS = 60_000;

let endpoint: TokenEndpoint;
const { start: startWorker, signedIn, endAll } = createPasswordWorkers(() => endpoint.origin, REUSE_GRACE_MS);

/** The next worker has the session, and a refresh token that still works. */
const expectKept = async (worker: RunningWorker): Promise<void> => {
  endpoint.answer(undefined);
  await worker.end();
  const next = startWorker();
  await next.until('active');
  const { length } = endpoint.sent;
  expect(await next.refused()).toMatchObject({ type: 'authorized' });
  expect(endpoint.sent).toHaveLength(length + 1);
  expect(next.session?.tokens.refresh).toBe(endpoint.newest);
};

beforeEach(async () => {
  // Workers have it. Node 20 does not.
  vi.stubGlobal('navigator', { onLine: true });
  endpoint = await startTokenEndpoint();
});

afterEach(async () => {
  await endAll();
  await endpoint.close();
  await destroyDisk();
  vi.unstubAllGlobals();
});

const html: Oddity = (response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Hotel Wi-Fi</title>');
const status =
  (code: number, body = '', headers: Record<string, string> = {}): Oddity =>
  (response) =>
    void response.writeHead(code, headers).end(body);

const CHUNK = 'x'.repeat(64 * 1024);
const tooLong: Oddity = (response, tokens) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write(JSON.stringify(tokens).slice(0, -1));
  for (let bytes = 0; bytes <= MAX_BODY_BYTES; bytes += CHUNK.length) response.write(`,"${bytes}":"${CHUNK}"`);
  response.end('}');
};

/** Answers without usable tokens. */
const USELESS: readonly [name: string, oddity: Oddity, problem: ProblemCode][] = [
  ['the page of a captive portal [logout-22]', html, 'unexpected-answer'],
  ['400 with HTML [logout-21-400-html]', status(400, '<html>bad request</html>'), 'server-unavailable'],
  ['403 of a firewall [logout-21-403-html]', status(403, '<html>blocked</html>'), 'server-unavailable'],
  [
    '500 that says invalid_grant [logout-21-500-invalid-grant]',
    status(500, '{"error":"invalid_grant"}'),
    'server-unavailable',
  ],
  [
    'a truncated body [logout-07]',
    (response, { access_token }) => {
      response.writeHead(200, { 'content-length': 500 }).write(`{"access_token":"${access_token}`);
      response.socket?.destroySoon();
    },
    'network-unreachable',
  ],
  ['an empty 200 [empty-200]', status(200), 'unexpected-answer'],
  ['an empty array [empty-array]', status(200, '[]'), 'unexpected-answer'],
  ['null', status(200, 'null'), 'unexpected-answer'],
  ['a body of more than 256 KiB [body-too-long]', tooLong, 'unexpected-answer'],
  ['201', status(201, '{}'), 'unexpected-answer'],
  ['204 [token-endpoint-204]', status(204), 'unexpected-answer'],
  [
    '302 to a URL that returns tokens [token-endpoint-redirect]',
    status(302, '', { location: '/elsewhere' }),
    'unexpected-answer',
  ],
  ['307 to a URL that returns tokens', status(307, '', { location: '/elsewhere' }), 'unexpected-answer'],
  ['401 invalid_client [invalid-client]', status(401, '{"error":"invalid_client"}'), 'misconfigured'],
  ['400 unauthorized_client [unauthorized-client]', status(400, '{"error":"unauthorized_client"}'), 'misconfigured'],
  ['400 without a reason [refresh-refused]', status(400), 'refresh-refused'],
  ['401 with a sentence', status(401, '{"message":"Unauthenticated."}'), 'refresh-refused'],
  ['400 temporarily_unavailable', status(400, '{"error":"temporarily_unavailable"}'), 'server-unavailable'],
  [
    'tokens in `__proto__` [prototype-tokens]',
    status(200, '{"__proto__":{"access_token":"at9","refresh_token":"rt9","token_type":"Bearer"}}'),
    'refresh-refused',
  ],
];

describe('keeps the session when the answer without tokens is', () => {
  test.each(USELESS)('%s', async (_name, oddity, code) => {
    const worker = await signedIn();
    const before = worker.session?.tokens;
    endpoint.answer(oddity);
    void worker.refused();
    await worker.until('degraded');
    expect(worker.runtime.machine.state).toMatchObject({ state: 'degraded', problem: { code } });
    expect(worker.session?.tokens.refresh).toBe(before?.refresh);
    expect(endpoint.strayed).toEqual([]);
    await expectKept(worker);
  });
});

const over =
  (changes: Record<string, unknown>): Oddity =>
  (response, tokens) =>
    json(response, 200, { ...tokens, ...changes });
const text =
  (contentType: string | undefined): Oddity =>
  (response, tokens) => {
    if (contentType !== undefined) response.setHeader('content-type', contentType);
    response.writeHead(200).end(JSON.stringify(tokens));
  };
const twice: Oddity = (response, tokens) =>
  void response.writeHead(200).end(JSON.stringify(tokens).replace('{', '{"refresh_token":"old","__proto__":{"x":1},'));

/** Odd answers with usable tokens. */
const USEFUL: readonly [name: string, oddity: Oddity][] = [
  ['text/plain [text-plain]', text('text/plain')],
  ['no content type', text(undefined)],
  ['no expires_in', over({ expires_in: undefined })],
  ['expires_in null [expires-in-null]', over({ expires_in: null })],
  ['expires_in as a word', over({ expires_in: 'soon' })],
  ['expires_in below zero', over({ expires_in: -5 })],
  ['expires_in zero', over({ expires_in: 0 })],
  ['expires_in far too large', over({ expires_in: 1e300 })],
  ['expires_in as a string', over({ expires_in: '60abc' })],
  ['an access token that is not a JWT [opaque-access-token]', over({ access_token: 'opaque' })],
  ['no token type [no-token-type]', over({ token_type: undefined })],
  ['a token type null', over({ token_type: null })],
  ['a token of any visible ASCII [token-alphabet]', over({ access_token: '00D5g|AQ!x"#' })],
  ['a narrower scope', over({ scope: 'openid' })],
  ['a scope that is a list [scope-list]', over({ scope: ['openid'] })],
  ['a duplicate name, and `__proto__` [name-twice]', twice],
];

describe('an odd answer with tokens', () => {
  test.each(USEFUL)('is used when it has %s', async (_name, oddity) => {
    const worker = await signedIn();
    endpoint.answer(oddity);
    expect(await worker.refused()).toMatchObject({ type: 'authorized' });
    expect(worker.session?.tokens.refresh).toBe(endpoint.newest);
    await expectKept(worker);
  });
});

/** The old refresh token is used up, so the new one must reach the disk although the rest is wrong. */
const SALVAGED: readonly [name: string, oddity: Oddity][] = [
  ['no access token', over({ access_token: undefined })],
  ['an empty access token', over({ access_token: '' })],
  ['an access token with a line end [header-injection]', over({ access_token: 'a\r\nx: y' })],
  ['an unknown token type [unknown-token-type]', over({ token_type: 'mac' })],
  ['a token type of another scheme', over({ token_type: 'DPoP' })],
];

describe('the new refresh token is kept when the answer has', () => {
  test.each(SALVAGED)('%s', async (_name, oddity) => {
    const worker = await signedIn();
    endpoint.answer(oddity);
    void worker.refused();
    const { state } = await worker.until('degraded');
    expect(state).toMatchObject({ problem: { code: 'unexpected-answer' } });
    expect(worker.session?.tokens.refresh).toBe(endpoint.newest);
    await expectKept(worker);
  });
});

/** Also the values that a careless serializer writes. */
const NO_TOKENS = [undefined, null, '', 7, {}] as const;

describe('the old refresh token is kept [logout-25]', () => {
  test.each(NO_TOKENS)('when the answer has %j as refresh token', async (refresh_token) => {
    const worker = await signedIn();
    const before = worker.session?.tokens.refresh;
    endpoint.answer(over({ refresh_token }));
    expect(await worker.refused()).toMatchObject({ type: 'authorized' });
    expect(worker.session?.tokens.refresh).toBe(before);
    await expectKept(worker);
  });
});
