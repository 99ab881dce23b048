import { expect, test } from 'vitest';
import { findCause } from '../../lab/diagnosis/cause.ts';
import type { Loss } from '../../lab/diagnosis/facts.ts';
import { GIVEN_UP, type Exchange, type NetworkRecord, type SocketRecord } from '../../lab/proxy/http/network-log.ts';

const ORIGIN = 'http://site.example';
let last = 0;

const exchange = (at: number, path: string, status: number | 'lost', more: Partial<Exchange> = {}): Exchange => {
  last += 1;
  return {
    type: 'exchange',
    id: last,
    at,
    method: 'GET',
    url: ORIGIN + path,
    kind: 'api',
    isOfLab: false,
    faults: [],
    requestHeaders: {},
    outcome: status === 'lost' ? { state: 'failed', why: 'lost', ms: 1 } : { state: 'answered', status, ms: 1 },
    responseHeaders: { 'content-type': 'application/json' },
    excerpt: '',
    ...more,
  };
};
const socket = (at: number, more: Partial<SocketRecord> = {}): SocketRecord => {
  last += 1;
  const url = `${ORIGIN.replace('http', 'ws')}/socket`;
  return { type: 'socket', id: last, at, url, sent: 0, received: 1, silentSince: undefined, end: undefined, ...more };
};

const loss = (type: Loss['type'], records: readonly NetworkRecord[], more: Partial<Loss> = {}): Loss => ({
  type,
  records,
  signedOutAt: type === 'session' ? 1_000 : undefined,
  reloads: [],
  prevent: 'General advice.',
  docs: undefined,
  hasUsedBearer: true,
  hasShiftedClock: false,
  refusedBehindPage: undefined,
  isNotAsked: false,
  isPageBroken: false,
  hasOtherTabs: false,
  ...more,
});
const POST = { method: 'POST' };
const INVALID = { ...POST, excerpt: '{"error":"invalid_grant"}' };
const HTML = { responseHeaders: { 'content-type': 'text/html' }, faults: ['html' as const] };

const GIVEN_UP_PAGE = { kind: 'document' as const, outcome: { state: 'failed' as const, why: GIVEN_UP, ms: 1 } };

const CASES: readonly [code: string, loss: Loss][] = [
  ['socket-ticket-expired', loss('session', [exchange(900, '/socket', 401, { kind: 'socket' })])],
  ['refresh-failed-passing', loss('session', [exchange(900, '/token', 503, POST)])],
  ['refresh-failed-passing', loss('session', [exchange(900, '/token', 'lost', POST)])],
  ['refresh-failed-unclear', loss('session', [exchange(900, '/token', 400, POST)])],
  [
    'refresh-answer-lost',
    loss('session', [exchange(800, '/token', 'lost', POST), exchange(900, '/token', 400, INVALID)]),
  ],
  ['refresh-token-used-twice', loss('session', [exchange(900, '/token', 400, INVALID)])],
  ['ticket-request-failed', loss('session', [exchange(900, '/api/auth/ticket', 500)])],
  ['html-for-json', loss('session', [exchange(900, '/api/me', 200, HTML)])],
  ['signed-out-by-401', loss('session', [exchange(900, '/api/me', 401)])],
  ['session-not-in-storage', loss('session', [exchange(900, '/api/me', 200)], { reloads: [800] })],
  ['unknown', loss('session', [])],
  ['end-not-noticed', loss('session', [], { signedOutAt: undefined, refusedBehindPage: 401 })],
  [
    'page-not-recovered',
    loss('session', [exchange(900, '/api/me', 200, HTML)], { signedOutAt: undefined, isPageBroken: true }),
  ],
  ['end-not-shared', loss('session', [exchange(900, '/api/me', 401)], { isNotAsked: true, hasOtherTabs: true })],
  ['end-not-shown', loss('session', [exchange(900, '/api/me', 401)], { signedOutAt: undefined, isNotAsked: true })],
  ['end-not-noticed', loss('session', [exchange(900, '/api/me', 200)], { signedOutAt: undefined, isNotAsked: true })],
  ['signed-out-by-clock', loss('session', [exchange(900, '/', 'lost', GIVEN_UP_PAGE)], { hasShiftedClock: true })],
  [
    'signed-out-by-clock',
    loss('session', [exchange(900, '/api/list', 200)], { reloads: [800], hasShiftedClock: true }),
  ],
  ['no-heartbeat', loss('connection', [socket(10, { silentSince: 500 })])],
  ['no-reconnect', loss('connection', [socket(10, { end: { at: 500, by: 'server', code: 1001 } })])],
  [
    'ticket-given-up',
    loss('connection', [
      socket(10, { end: { at: 500, by: 'proxy', code: undefined } }),
      exchange(600, '/api/socket/ticket', 403, { method: 'POST' }),
    ]),
  ],
  [
    'reconnect-fails',
    loss('connection', [
      socket(10, { end: { at: 500, by: 'server', code: 1001 } }),
      exchange(600, '/socket', 403, { kind: 'socket' }),
    ]),
  ],
];

test.each(CASES)('finds %s by its traces', (code, given) => {
  const cause = findCause(given);
  expect(cause.code).toBe(code);
  expect(cause.text).not.toBe('');
  expect(cause.prevent).not.toBe('');
});

test('names no request that came long before the sign-out', () => {
  expect(findCause(loss('session', [exchange(900, '/token', 503, POST)], { signedOutAt: 60_000 })).code).toBe(
    'unknown',
  );
});

test('takes no document for a cause that the page itself replaced', () => {
  const replaced = exchange(900, '/', 'lost', GIVEN_UP_PAGE);
  expect(findCause(loss('session', [replaced])).request).toBeUndefined();
  const broken = exchange(950, '/', 'lost', { kind: 'document' });
  expect(findCause(loss('session', [replaced, broken])).request?.url).toBe(`${ORIGIN}/`);
  expect(findCause(loss('session', [replaced, broken])).text).toContain('lost');
});
