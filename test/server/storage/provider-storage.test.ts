import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { createBegunSignIns } from '../../../server/provider/begun-sign-ins.ts';
import { moveLegacyRecords } from '../../../server/provider/legacy-records.ts';
import { keyringOf } from '../../../server/storage/lmdb-secrets.ts';
import { createLmdbStorage } from '../../../server/storage/lmdb-storage.ts';
import { storeAdapter } from '../../../server/provider/provider-storage.ts';
import { createRefreshTokenIds } from '../../../server/provider/refresh-token-id.ts';
import { temporaryDir } from '../support/start.ts';

const KEYS = keyringOf(Buffer.alloc(32, 7));
const ids = createRefreshTokenIds(KEYS);
const begunSignIns = createBegunSignIns(60_000);
const reusePolicy = { graceMs: 30_000 };
let folder: ReturnType<typeof temporaryDir>;
let store: ReturnType<typeof openLmdbStore>;
let now = 1_000_000;
let restores = 0;
beforeEach(() => {
  folder = temporaryDir();
  store = openLmdbStore(folder.dir, { now: () => now });
  restores = 0;
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const adapter = (model: string, begun = begunSignIns) =>
  storeAdapter({
    ...{
      storage: createLmdbStorage(store),
      now: () => now,
      reusePolicy,
      indexKeys: KEYS,
      refreshTokenIds: ids,
      begunSignIns: begun,
    },
    reused: (grantId) => new Error(`reused ${grantId}`),
    onRestored: () => (restores += 1),
  })(model);
const tokenOf = (rotations: number) => ids.create({ grantId: 'g', rotations });
const payloadOf = (jti: string, rotations: number) => ({ jti, grantId: 'g', accountId: 'ada', rotations });

describe("the provider's storage", () => {
  test('writes no token and no session id in clear, and finds both by them', async () => {
    const token = tokenOf(0);
    await adapter('RefreshToken').upsert(token, payloadOf(token, 0), 60);
    await adapter('Session').upsert('cookie-value', { jti: 'cookie-value', uid: 'u', accountId: 'ada' }, 60);
    expect(JSON.stringify(await store.list(''))).not.toMatch(/cookie-value|pr_g/);
    expect(await adapter('RefreshToken').find(token)).toEqual(payloadOf(token, 0));
    expect(await adapter('Session').findByUid('u')).toEqual({ jti: 'cookie-value', uid: 'u', accountId: 'ada' });
    await adapter('RefreshToken').revokeByGrantId('g');
    expect(await adapter('RefreshToken').find(token)).toBeUndefined();
  });

  test('gives each used token its own grace, with time to spare between find and consume', async () => {
    const token = tokenOf(0);
    const tokens = adapter('RefreshToken');
    await tokens.upsert(token, payloadOf(token, 0), 600);
    await tokens.consume(token);
    now += reusePolicy.graceMs - 1;
    expect(await tokens.find(token)).not.toHaveProperty('consumed');
    now += 1_000;
    await tokens.consume(token);
    expect(await tokens.find(token)).toHaveProperty('consumed');
    now += 5_000;
    await expect(tokens.consume(token)).rejects.toThrow('reused g');
  });

  test('accepts a signed token that is newer than its grant on disk, and counts the older one as used', async () => {
    const [stored, lost] = [tokenOf(3), tokenOf(5)];
    const tokens = adapter('RefreshToken');
    await tokens.upsert(stored, payloadOf(stored, 3), 600);
    expect(await tokens.find(lost)).toEqual(payloadOf(lost, 5));
    expect(await tokens.find(lost)).toEqual(payloadOf(lost, 5));
    expect(restores).toBe(1);
    now += reusePolicy.graceMs;
    expect(await tokens.find(stored)).toHaveProperty('consumed');
  });

  test('refuses an unknown token that is older, unsigned, or of a revoked grant', async () => {
    const stored = tokenOf(3);
    const tokens = adapter('RefreshToken');
    const newer = tokenOf(4);
    expect(await tokens.find(newer)).toBeUndefined();
    await tokens.upsert(stored, payloadOf(stored, 3), 600);
    const forged = createRefreshTokenIds(keyringOf(Buffer.alloc(32, 8))).create({ grantId: 'g', rotations: 9 });
    for (const id of [tokenOf(3), tokenOf(2), forged, `${newer}x`, 'opaque'])
      expect(await tokens.find(id)).toBeUndefined();
    expect(restores).toBe(0);
  });

  test('bounds what visitors write, and leaves the records of people alone', async () => {
    const small = createBegunSignIns(60_000, () => 0, 1_000);
    const of = (model: string) => adapter(model, small);
    const text = 'x'.repeat(400);
    await of('Session').upsert('person', { uid: 'p', accountId: 'ada', text }, 60);
    for (const model of ['Interaction', 'PushedAuthorizationRequest', 'Session'])
      for (const id of ['a', 'b']) await of(model).upsert(id, { text }, 60);
    const left = (await store.list('provider/')).map(({ key }) => key.split('/')[1]);
    expect(left).toEqual(['Session', 'Session', 'Session']);
    await of('Session').upsert('a', { accountId: 'bob', text }, 60);
    for (const id of ['c', 'd', 'e']) await of('Interaction').upsert(id, { text }, 60);
    expect(await of('Session').find('a')).toMatchObject({ accountId: 'bob' });
    expect(await of('Session').find('person')).toMatchObject({ accountId: 'ada' });
    expect(await of('Session').find('b')).toBeUndefined();
  });

  test('finds the records of a server before 0.2, and removes their tokens from the keys', async () => {
    const record = (payload: object) => ({ payload, expiresAt: now + 60_000 });
    await store.put('oidc/RefreshToken/old-token', record(payloadOf('old-token', 2)), { ttlMs: 60_000 });
    await store.put('oidc/Session/old-session', record({ jti: 'old-session', uid: 'u', accountId: 'ada' }), {
      ttlMs: 60_000,
    });
    await store.put('oidc/Grant/g', record({ jti: 'g' }), { ttlMs: 60_000 });
    await store.put('oidc-grant/g/RefreshToken/old-token', 'oidc/RefreshToken/old-token', { ttlMs: 60_000 });
    await store.put('oidc-uid/u', 'old-session', { ttlMs: 60_000 });
    await moveLegacyRecords(store, KEYS, () => now);
    expect(JSON.stringify(await store.list(''))).not.toMatch(/old-token|old-session/);
    expect(await adapter('RefreshToken').find('old-token')).toEqual(payloadOf('old-token', 2));
    expect(await adapter('Session').findByUid('u')).toEqual({ jti: 'old-session', uid: 'u', accountId: 'ada' });
    expect(await adapter('Grant').find('g')).toEqual({ jti: 'g' });
    await adapter('RefreshToken').revokeByGrantId('g');
    expect(await adapter('RefreshToken').find('old-token')).toBeUndefined();
    now += 60_000;
    expect(await adapter('Session').findByUid('u')).toBeUndefined();
  });
});
