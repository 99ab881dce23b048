import { expect, test } from 'vitest';
import { findCause, type Loss } from '../../lab/diagnosis/cause.ts';
import type { Exchange, NetworkRecord, SocketRecord } from '../../lab/proxy/http/network-log.ts';

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
  ...more,
});
const POST = { method: 'POST' };
const INVALID = { ...POST, excerpt: '{"error":"invalid_grant"}' };
const HTML = { responseHeaders: { 'content-type': 'text/html' }, faults: ['html' as const] };

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
