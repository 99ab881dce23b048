import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDisk, getSealed, putDurably } from '../../src/host/storage/database.ts';
import { createDpopKeys } from '../../src/host/auth/dpop-keys.ts';
import { createSealer } from '../../src/host/storage/encryption.ts';
import { createSessionStore } from '../../src/host/storage/session-store.ts';

const BOUND = 'https://app.test https://id.test client';
const ONE = { id: 'one', secret: 'first secret' };
const TWO = { id: 'two', secret: 'second secret', former: [ONE] };
const ALONE = { id: 'two', secret: 'second secret' };

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe('a sealed record', () => {
  test.each([
    ['another origin', 'https://other.test https://id.test client', 'session'],
    ['another issuer', 'https://app.test https://evil.test client', 'session'],
    ['another client', 'https://app.test https://id.test other', 'session'],
    ['another record', BOUND, 'sign-in:x'],
  ])('does not open for %s', async (_name, bound, context) => {
    const disk = createDisk();
    const sealed = await createSealer(disk, BOUND, ONE).seal({ a: 1 }, 'session');
    expect(await createSealer(disk, BOUND, ONE).open(sealed, 'session')).toEqual({ a: 1 });
    await expect(createSealer(disk, bound, ONE).open(sealed, context)).rejects.toMatchObject({
      name: 'OperationError',
    });
  });

  test('does not open with an unknown key, nor with the right key name and another secret', async () => {
    const disk = createDisk();
    const sealed = await createSealer(disk, BOUND, ONE).seal({ a: 1 }, 'session');
    await expect(createSealer(disk, BOUND, ALONE).open(sealed, 'session')).rejects.toMatchObject({
      name: 'InvalidAccessError',
    });
    const renamed = { ...sealed, key: 'two' };
    await expect(createSealer(disk, BOUND, TWO).open(renamed, 'session')).rejects.toMatchObject({
      name: 'OperationError',
    });
    await expect(createSealer(disk, BOUND, undefined).open(sealed, 'session')).rejects.toMatchObject({
      name: 'InvalidAccessError',
    });
  });
});

describe('after the server has replaced the key', () => {
  const session = { state: 'signed-out', generation: 7, reason: 'user' } as const;

  test('the session opens with the previous key once, and with the new key after that', async () => {
    const disk = createDisk();
    const before = createSessionStore(disk, createSealer(disk, BOUND, ONE));
    expect(await before.save(session)).toEqual({ type: 'saved' });
    const during = createSessionStore(disk, createSealer(disk, BOUND, TWO));
    expect(await during.load()).toEqual({ saved: session });
    const after = createSessionStore(disk, createSealer(disk, BOUND, ALONE));
    expect(await after.load()).toEqual({ saved: session });
  });

  test('the session stays on the disk when the worker does not have its key', async () => {
    const disk = createDisk();
    await createSessionStore(disk, createSealer(disk, BOUND, ONE)).save(session);
    const late = createSessionStore(disk, createSealer(disk, BOUND, ALONE));
    expect(await late.load()).toEqual({
      saved: undefined,
      problem: { code: 'store-unreadable', detail: 'InvalidAccessError' },
    });
    const again = createSessionStore(disk, createSealer(disk, BOUND, TWO));
    expect(await again.load()).toEqual({ saved: session });
  });

  test('a key on the disk opens the session once, and the seal opens it after that', async () => {
    const disk = createDisk();
    await createSessionStore(disk, createSealer(disk, BOUND, undefined)).save(session);
    expect(await createSessionStore(disk, createSealer(disk, BOUND, ONE)).load()).toEqual({ saved: session });
    await disk.use((db) => db.clear('keys'));
    expect(await createSessionStore(disk, createSealer(disk, BOUND, ONE)).load()).toEqual({ saved: session });
  });

  test('a worker with a seal creates no key on the disk when the old one is gone', async () => {
    const disk = createDisk();
    const sealed = await createSealer(disk, BOUND, undefined).seal({ a: 1 }, 'session');
    await disk.use((db) => db.clear('keys'));
    await expect(createSealer(disk, BOUND, ONE).open(sealed, 'session')).rejects.toMatchObject({
      name: 'InvalidAccessError',
    });
    expect(await disk.use((db) => db.count('keys'))).toBe(0);
  });

  test('the DPoP key opens with the previous key once, and with the new key after that', async () => {
    const disk = createDisk();
    const name = await createDpopKeys({ disk, sealer: createSealer(disk, BOUND, ONE), now: Date.now }).create();
    const thumbprint = (seal: typeof TWO | typeof ALONE): Promise<string> =>
      createDpopKeys({ disk, sealer: createSealer(disk, BOUND, seal), now: Date.now })
        .handle(name)
        .then((handle) => handle.calculateThumbprint());
    const during = await thumbprint(TWO);
    expect(await thumbprint(ALONE)).toBe(during);
  });

  test('rejects a damaged DPoP key [dpop-key-damaged]', async () => {
    const disk = createDisk();
    const sealer = createSealer(disk, BOUND, ONE);
    const name = await createDpopKeys({ disk, sealer, now: Date.now }).create();
    const sealed = await getSealed(disk, `dpop:${name}`);
    if (!sealed) throw new Error('not written');
    await disk.use((db) => putDurably(db, 'sealed', 'dpop:other', sealed));
    await expect(createDpopKeys({ disk, sealer, now: Date.now }).handle('other')).rejects.toMatchObject({
      name: 'OperationError',
    });
  });
});
