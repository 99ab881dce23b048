import { describe, expect, test } from 'vitest';
import { STORED_KEY_PAIR } from '../../src/host/auth/dpop-keys.ts';
import { STORED_END_SESSION } from '../../src/host/auth/end-session.ts';
import { PENDING_SIGN_IN, STORED_EXCHANGE } from '../../src/host/auth/pending-sign-ins.ts';
import { STORED_REVOCATION } from '../../src/host/session/revocations.ts';
import { SESSION_ROW } from '../../src/host/storage/session-row.ts';
import { STORED_KEY } from '../../src/host/storage/encryption.ts';
import { STORED_JOURNAL } from '../../src/host/storage/journal.ts';
import { NATIVE_ROW } from '../../src/host/storage/native-record.ts';
import { STORED_OUTBOX } from '../../src/host/storage/outbox-store.ts';
import { PROFILE_IDENTITY } from '../../src/protocol/frames.ts';
import type { Schema } from '../../src/protocol/schema/schema.ts';
import { CONTINUITY } from '../../src/protocol/snapshot.ts';
import { TOKEN_FAMILY } from '../../server/auth/token-family.ts';
import { ENVELOPE } from '../../server/base/lmdb-store.ts';
import { STORED_LEASE } from '../../server/demo/upload-lease.ts';
import { STORED_UPLOAD } from '../../server/demo/uploads.ts';
import { OIDC_RECORD } from '../../server/provider/provider-records.ts';
import { SAVED_PRESENCE } from '../../server/realtime/presence-tracker.ts';
import { STORED_EVENT, TOPIC_HEAD } from '../../server/storage/lmdb-topic-log.ts';

const SEALED = { key: 'local', iv: new Uint8Array(12), data: new ArrayBuffer(8) };
const PENDING = { state: 's', nonce: 'n', verifier: 'v', key: 'k', returnTo: '/notes', at: 1_000 };
const ENTRY = { at: 1, worker: 'w', machine: 'session', what: 'started', detail: undefined };
const ITEM = { id: 'i', topic: 't', json: '{}', owner: 'ada' };
const KEPT = { since: 1, reloads: 2, workerRestarts: 3, networkLosses: 4, refreshes: 5 };
const NATIVE = { v: 1, generation: 7, key: 'local', iv: 'AA==', data: 'AA==' };
const FAMILY = { sub: 'ada', name: 'Ada', current: 3, rotatedAt: 1 };
const MEMBER = { owner: 'o', topic: 't', host: 'h', state: null };

/** A record as version 1 wrote it, and values that are none. */
type Row = [name: string, schema: Schema, stored: unknown, bad: readonly unknown[]];

const RECORDS: readonly Row[] = [
  [
    'session row',
    SESSION_ROW,
    { generation: 7, sealed: SEALED },
    [
      { generation: '7', sealed: SEALED },
      { generation: Infinity, sealed: SEALED },
      { generation: 7 },
      { generation: 7, sealed: { ...SEALED, key: 1 } },
      { generation: 7, sealed: { ...SEALED, iv: [1] } },
      { generation: 7, sealed: { ...SEALED, data: 'text' } },
    ],
  ],
  [
    'pending sign-in',
    PENDING_SIGN_IN,
    PENDING,
    [
      { ...PENDING, nonce: undefined },
      { ...PENDING, at: '1' },
    ],
  ],
  ['sign-in whose code is exchanged', STORED_EXCHANGE, { key: 'k', at: 7 }, [{ key: 'k' }, { key: 7, at: 7 }]],
  [
    'DPoP key pair',
    STORED_KEY_PAIR,
    { public: { kty: 'EC', x: 'x', y: 'y' }, private: { kty: 'EC', d: 'd' } },
    [{ public: {}, private: {} }, { public: { x: 'x' } }, { public: [], private: {} }],
  ],
  ['end of the sign-in at the provider', STORED_END_SESSION, { url: 'https://id.example/end' }, [{ url: 1 }, {}]],
  ['browser profile', PROFILE_IDENTITY, { host: 'h', epoch: 3 }, [{ host: 'h', epoch: 1.5 }, { epoch: 1 }]],
  ['continuity counters', CONTINUITY, KEPT, [{ ...KEPT, since: null }, 7]],
  [
    'native copy',
    NATIVE_ROW,
    NATIVE,
    [
      { ...NATIVE, v: 2 },
      { ...NATIVE, key: 1 },
      { ...NATIVE, iv: undefined },
    ],
  ],
  [
    'password tokens',
    TOKEN_FAMILY,
    FAMILY,
    [
      { ...FAMILY, current: -1 },
      { ...FAMILY, sub: undefined },
    ],
  ],
  [
    'record of the provider',
    OIDC_RECORD,
    { payload: { grantId: 'g' }, expiresAt: 5, consumedAt: undefined },
    [{ payload: 'text' }, { expiresAt: 5 }],
  ],
  ['topic', TOPIC_HEAD, { offset: 9, oldest: 2 }, [{ offset: 9 }, { offset: 1.5, oldest: 1 }]],
  ['event of a topic', STORED_EVENT, { data: { n: 1 } }, [null, 'text']],
  ['upload lease', STORED_LEASE, { holder: 'a' }, [{ holder: 1 }, { wanted: true }]],
  ['upload', STORED_UPLOAD, { length: 3, receipt: { bytes: 3, sha256: 'a' } }, [{ length: -1 }, { receipt: {} }]],
  ['value in the store', ENVELOPE, { v: [1], x: 5 }, [null, 7]],
];

describe('a record on disk', () => {
  test.each(RECORDS)('reads the %s that version 1 wrote', (_name, schema, stored) => {
    expect(schema.read(structuredClone(stored))).toEqual(stored);
  });

  test.each(RECORDS)('rejects a value that is no %s', (_name, schema, stored, bad) => {
    for (const value of [undefined, null, 'text', [], ...bad]) expect(schema.read(value)).toBeUndefined();
    expect(schema.read(Object.create(stored as object))).not.toEqual(stored);
  });

  test.each([
    ['journal', STORED_JOURNAL, ENTRY, { ...ENTRY, what: 1 }],
    ['outbox', STORED_OUTBOX, ITEM, { ...ITEM, owner: undefined }],
    ['presence', SAVED_PRESENCE, MEMBER, { ...MEMBER, host: 1 }],
  ])('reads the %s without its malformed records', (_name, schema: Schema, good, bad) => {
    expect(schema.read([bad, good, null, 7])).toEqual([good]);
    expect(schema.read({})).toBeUndefined();
  });

  test('reads the counters and the sign-in of a version that had fewer fields', () => {
    expect(CONTINUITY.read({ since: 1 })).toEqual({ ...keptNothing, since: 1 });
    const { key: _key, returnTo: _path, ...fewer } = PENDING;
    expect(PENDING_SIGN_IN.read(fewer)).toEqual({ ...fewer, key: undefined, returnTo: '/' });
  });

  test('reads a revocation, whose session has the names of the disk', () => {
    const session = { kind: 'oidc', generation: 7, startedAt: 1, tokens: { refresh: 'r' }, unansweredSince: 2 };
    expect(STORED_REVOCATION.read({ record: { at: 'session', session } })?.record).toMatchObject({
      state: 'signed-in',
      session: { generation: 7, tokens: { refresh: 'r' }, refreshSentAt: 2 },
    });
    expect(STORED_REVOCATION.read({ record: session })).toBeUndefined();
  });

  test('takes only a key that WebCrypto made', async () => {
    const aes = { name: 'AES-GCM', length: 256 };
    const key = await crypto.subtle.generateKey(aes, false, ['encrypt']);
    expect(STORED_KEY.read(key)).toBe(key);
    for (const value of [undefined, {}, { type: 'secret' }, 'key']) expect(STORED_KEY.read(value)).toBeUndefined();
  });
});

const keptNothing = { reloads: 0, workerRestarts: 0, networkLosses: 0, refreshes: 0 };
