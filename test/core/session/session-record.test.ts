import { describe, expect, test } from 'vitest';
import { SESSION_RECORD, serializeRecord } from '../../../src/core/session/session-record.ts';
import type { SessionRecord } from '../../../src/core/session/session-types.ts';

/** A record of version 1. Users have such records on disk: a worker that cannot read one signs its user out. */
const STORED_SESSION = {
  at: 'session',
  session: {
    kind: 'oidc',
    generation: 7,
    tokens: {
      access: { value: 'a', scheme: 'DPoP', issuedAt: 1_000, expiresAt: 301_000 },
      refresh: 'r',
      key: 'k',
      subject: 'sub',
      endSession: 'https://id.example/logout?id_token_hint=t',
    },
    user: { sub: 'sub', name: 'Ada' },
    startedAt: 900,
    endsAt: 9_000_000,
    unansweredSince: 2_000,
  },
};
const STORED_END = {
  at: 'signed-out',
  generation: 8,
  reason: 'rejected',
  kind: 'oidc',
  problem: { code: 'grant-rejected', at: '/token', status: 400, error: 'invalid_grant' },
};

const { unansweredSince, ...unchanged } = STORED_SESSION.session;
const SESSION = { state: 'signed-in', session: { ...unchanged, refreshSentAt: unansweredSince } } as SessionRecord;
const { at: state, ...end } = STORED_END;
const END = { state, ...end } as SessionRecord;

/** The record after a round trip through JSON, which drops undefined fields as the disk does. */
const stored = (record: SessionRecord): unknown => JSON.parse(JSON.stringify(serializeRecord(record)));

describe('the stored record of a session', () => {
  test.each([
    ['a session with a refresh that has no answer yet', STORED_SESSION, SESSION],
    ['a sign-out', STORED_END, END],
  ])('reads %s that an older version wrote', (_name, old, record) => {
    expect(SESSION_RECORD.read(old)).toEqual(record);
  });

  test.each([
    ['a session', STORED_SESSION, SESSION],
    ['a sign-out', STORED_END, END],
  ])('writes %s so that an older version can read it', (_name, old, record) => {
    expect(stored(record)).toEqual(old);
  });

  test.each([
    ['no object', 'session'],
    ['no discriminant', { session: STORED_SESSION.session }],
    ['the field names of the worker', { state: 'signed-in', session: STORED_SESSION.session }],
    ['no generation', { at: 'session', session: { ...STORED_SESSION.session, generation: '7' } }],
    ['an unknown reason', { ...STORED_END, reason: 'bored' }],
  ])('rejects a value with %s', (_name, value) => {
    expect(SESSION_RECORD.read(value)).toBeUndefined();
  });
});
