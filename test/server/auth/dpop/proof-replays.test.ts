import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createDpopChecker, type DpopResult } from '../../../../server/auth/dpop/dpop.ts';
import { createSharedReplays, openEmbeddedReplays } from '../../../../server/auth/dpop/proof-replays.ts';
import { digest } from '../../../../server/base/crypto.ts';
import { openLmdbStore, type OrderedStore } from '../../../../server/base/lmdb-store.ts';
import { createServerClock } from '../../../../server/base/server-clock.ts';
import { createLmdbStorage } from '../../../../server/storage/lmdb-storage.ts';

let dir: string;
let store: OrderedStore;
let time = Date.UTC(2026, 0, 1);
const now = (): number => time;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keeper-replays-'));
  store = openLmdbStore(dir, { now });
});
afterEach(() => store.deleteAll('dpop'));
afterAll(async () => {
  await store.close();
  await rm(dir, { recursive: true });
});

const KINDS = {
  embedded: () => openEmbeddedReplays(store, now),
  shared: async () => createSharedReplays(createLmdbStorage(store).once),
} as const;
const MINUTE_MS = 60_000;

describe.each(Object.entries(KINDS))('the %s memory of proofs', (_name, open) => {
  test('takes each id once, also at the same time', async () => {
    const replays = await open();
    const ids = ['a', 'b', 'a', 'c', 'a', 'b'];
    expect(await Promise.all(ids.map((id) => replays.take(id)))).toEqual([true, true, false, true, false, false]);
    expect(await replays.take('c')).toBe(false);
  });

  test('keeps an id for four minutes of other ids, and not for ever', async () => {
    const replays = await open();
    await replays.take('first');
    for (let minute = 1; minute <= 4; minute += 1) {
      time += MINUTE_MS - 1;
      expect([minute, await replays.take('first')]).toEqual([minute, false]);
      await replays.take(`at ${minute}`);
    }
    for (let minute = 5; minute <= 8; minute += 1) {
      time += MINUTE_MS;
      await replays.take(`at ${minute}`);
    }
    expect(await replays.take('first')).toBe(true);
  });
});

const keys = generateKeyPair('ES256', { extractable: true });
const KEY = Buffer.alloc(32, 1);
const URL_ = 'https://app.example/api/v1/auth/whoami';

/** The checker of one run of a server, and how it judges a proof. */
const startRun = async () => {
  const clock = { ...createServerClock(), now, steadyNow: now };
  const checker = createDpopChecker({ replays: await openEmbeddedReplays(store, now), clock, keys: () => [KEY] });
  const verdict = (result: DpopResult): string => (result.ok ? 'ok' : `${result.error}: ${result.detail}`);
  return {
    nonce: () => checker.nonce(),
    check: async (proof: string) =>
      verdict(await checker.check({ proof, method: 'GET', urls: [URL_], accessToken: 'token' })),
  };
};

describe('a server that starts again', () => {
  const prove = async (claims: object = {}): Promise<string> => {
    const { privateKey, publicKey } = await keys;
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) };
    const iat = Math.floor(time / 1000);
    const payload = { jti: randomUUID(), htm: 'GET', htu: URL_, iat, ath: digest('token'), ...claims };
    return new SignJWT(payload).setProtectedHeader(header).sign(privateKey);
  };

  test('refuses each proof of the run before, with a nonce or without one [proof-of-former-run]', async () => {
    const first = await startRun();
    const ahead = Math.floor(time / 1000) + 59;
    const used = [await prove(), await prove({ iat: ahead }), await prove({ nonce: first.nonce() })];
    for (const proof of used) expect(await first.check(proof)).toBe('ok');
    const second = await startRun();
    for (let times = 0; times <= 14; times += 1) {
      for (const proof of used) expect(await second.check(proof)).toMatch(/^use_dpop_nonce: /);
      time += 10_000;
    }
  });

  test('accepts a proof with its own nonce at once, and one without a nonce after a minute', async () => {
    await startRun();
    const run = await startRun();
    expect(await run.check(await prove({ nonce: run.nonce() }))).toBe('ok');
    expect(await run.check(await prove())).toMatch(/^use_dpop_nonce/);
    time += MINUTE_MS + 1_000;
    expect(await run.check(await prove())).toBe('ok');
  });
});
