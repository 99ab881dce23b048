import { describe, expect, test } from 'vitest';
import { ok } from '../../src/protocol/problem.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { createNativeCopy } from '../../src/page/native-store.ts';
import { startingSnapshot } from '../../src/page/connection/snapshot-store.ts';
import type { NativeStore } from '../../src/page/types/types.ts';

const DEADLINE_MS = 40;

const showing = (session: SessionView) => ({ ...startingSnapshot('service-worker', true), session });
const NEVER = showing({ state: 'signed-out', reason: 'never' });
const active = (accessIssuedAt: number) =>
  showing({ state: 'active', kind: 'password', user: { sub: 'demo' }, accessIssuedAt });

/** A working keychain, except for the methods of `broken`. */
const keychain = (record?: unknown, broken: Partial<NativeStore> = {}) => {
  const calls: string[] = [];
  const store: NativeStore = {
    save: async (value) => {
      record = value;
    },
    load: async () => record,
    clear: async () => {
      record = undefined;
    },
    ...broken,
  };
  const counted: NativeStore = {
    save: (value) => (calls.push('save'), store.save(value)),
    load: () => (calls.push('load'), store.load()),
    clear: () => (calls.push('clear'), store.clear()),
  };
  return { counted, calls, record: () => record };
};

const worker = () => {
  const restored: string[] = [];
  let backups = 0;
  return {
    restored,
    backups: () => backups,
    api: {
      backup: () => Promise.resolve(ok(`sealed-${(backups += 1)}`)),
      restore: (record: string) => {
        restored.push(record);
        return Promise.resolve(ok(null));
      },
    },
  };
};

const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the native copy', () => {
  test('is sent only to a worker that never had a session', async () => {
    const { counted } = keychain('sealed-before');
    const { api, restored } = worker();
    const copy = createNativeCopy(counted, api, DEADLINE_MS);
    expect(await copy.restore(active(1))).toBe(false);
    expect(await copy.restore(showing({ state: 'signed-out', reason: 'user' }))).toBe(false);
    expect(restored).toEqual([]);
    expect(await copy.restore(NEVER)).toBe(true);
    expect(restored).toEqual(['sealed-before']);
  });

  test.each([undefined, null, '', 7, {}])('ignores %s from the store', async (record) => {
    const { counted } = keychain(record);
    const { api, restored } = worker();
    expect(await createNativeCopy(counted, api, DEADLINE_MS).restore(NEVER)).toBe(false);
    expect(restored).toEqual([]);
  });

  test('is saved and verified after each new token', async () => {
    const { counted, calls, record } = keychain();
    const { api } = worker();
    const copy = createNativeCopy(counted, api, DEADLINE_MS);
    copy.update(active(1));
    copy.update({ ...active(1), tabs: 2 });
    await until(() => calls.length === 2);
    expect(calls).toEqual(['save', 'load']);
    expect(record()).toBe('sealed-1');
    copy.update(active(2));
    await until(() => calls.length === 4);
    expect(record()).toBe('sealed-2');
    expect(copy.state).toBe('working');
  });

  test('is saved once for all changes during a save', async () => {
    const { counted, calls } = keychain();
    const { api, backups } = worker();
    const copy = createNativeCopy(counted, api, DEADLINE_MS);
    for (const issuedAt of [1, 2, 3, 4]) copy.update(active(issuedAt));
    await until(() => calls.length === 2);
    copy.update(active(5));
    await until(() => calls.length === 4);
    expect(backups()).toBe(2);
  });

  test.each<[string, Partial<NativeStore>]>([
    ['it ignores each call', { save: async () => undefined, load: async () => undefined }],
    ['it returns another record', { load: async () => 'other' }],
    [
      'it throws',
      {
        save: () => {
          throw new Error('no command');
        },
        load: () => {
          throw new Error('no command');
        },
      },
    ],
    [
      'it rejects',
      { save: () => Promise.reject(new Error('denied')), load: () => Promise.reject(new Error('denied')) },
    ],
    ['it never answers', { save: () => new Promise(() => {}), load: () => new Promise(() => {}) }],
  ])('reports the state "failed" when %s', async (_, broken) => {
    const { counted } = keychain(undefined, broken);
    const copy = createNativeCopy(counted, worker().api, DEADLINE_MS);
    copy.update(active(1));
    await until(() => copy.state === 'failed');
    expect(copy.state).toBe('failed');
  });

  test('reports the state "working" when a later save succeeds', async () => {
    let answer: () => Promise<unknown> = async () => '';
    const { counted, calls, record } = keychain(undefined, { load: () => answer() });
    const copy = createNativeCopy(counted, worker().api, DEADLINE_MS);
    copy.update(active(1));
    await until(() => copy.state === 'failed');
    answer = async () => record();
    copy.update(active(2));
    await until(() => copy.state === 'working');
    expect(calls).toEqual(['save', 'load', 'save', 'load']);
  });

  test('is deleted only when the user signs out', async () => {
    const { counted, calls, record } = keychain('sealed-before');
    const copy = createNativeCopy(counted, worker().api, DEADLINE_MS);
    copy.update(NEVER);
    copy.update(showing({ state: 'signed-out', reason: 'rejected' }));
    copy.update(showing({ state: 'starting' }));
    expect(calls).toEqual([]);
    copy.update(showing({ state: 'signed-out', reason: 'user' }));
    await until(() => record() === undefined);
    expect(calls[0]).toBe('clear');
  });
});
