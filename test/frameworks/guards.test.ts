import { describe, expect, test } from 'vitest';
import { isSignedIn, rolesOf } from '../../src/frameworks/access.ts';
import { createKeeperSource } from '../../src/frameworks/keeper-source.ts';
import { requireSession } from '../../src/frameworks/load.ts';
import { requireSession as requireInVue } from '../../src/frameworks/vue.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { createFakeKeeper, offline, signedIn, signedOut } from '../../src/testing/index.ts';

const STARTING: SessionView = { state: 'starting' };
const ADMIN = signedIn({ sub: 'ann', claims: { roles: ['admin', 'editor'] } });
const REQUEST = { request: new Request('https://app.example/inbox?page=2') };

const loadWith = async (session: SessionView, role?: string): Promise<unknown> => {
  const source = createKeeperSource(createFakeKeeper({ session }));
  try {
    return await requireSession(source, { signIn: '/sign-in', role })(REQUEST);
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown;
    return [thrown.status, thrown.headers.get('location')];
  }
};

describe('a loader', () => {
  test('returns the session of a user who is signed in, also while the network is away', async () => {
    expect(await loadWith(ADMIN)).toEqual(ADMIN);
    expect(await loadWith(offline())).toEqual(offline());
    expect(await loadWith(ADMIN, 'editor')).toEqual(ADMIN);
  });

  test('redirects to the sign-in page, and says where the user wanted to go', async () => {
    expect(await loadWith(signedOut())).toEqual([302, '/sign-in?returnTo=%2Finbox%3Fpage%3D2']);
  });

  test('throws a response of 403 without the role', async () => {
    expect(await loadWith(signedIn(), 'admin')).toEqual([403, null]);
  });

  test('waits until the session is known', async () => {
    const keeper = createFakeKeeper({ session: STARTING });
    let isDone = false;
    const loading = requireSession(createKeeperSource(keeper), { signIn: '/in' })(REQUEST).finally(() => {
      isDone = true;
    });
    await keeper.play([STARTING, STARTING]);
    expect(isDone).toBe(false);
    keeper.show(ADMIN);
    expect(await loading).toEqual(ADMIN);
  });
});

test('a guard of Vue Router passes, stops or leads to the sign-in page', async () => {
  const guard = (session: SessionView, role?: string) =>
    requireInVue(createKeeperSource(createFakeKeeper({ session })), { signIn: '/sign-in', role })({
      fullPath: '/a?b#c',
    });
  expect(await guard(ADMIN)).toBe(true);
  expect(await guard(signedIn(), 'admin')).toBe(false);
  expect(await guard(signedOut())).toEqual({ path: '/sign-in', query: { returnTo: '/a?b#c' } });
});

describe('a source', () => {
  test('notifies of a changed session, and not of other changes of the snapshot', () => {
    const keeper = createFakeKeeper({ session: ADMIN });
    const source = createKeeperSource(keeper);
    let count = 0;
    const stop = source.subscribe(() => (count += 1));
    const before = source.session();
    keeper.show(structuredClone(ADMIN), { tabs: 7 });
    expect([count, source.session() === before]).toEqual([0, true]);
    keeper.show(signedOut());
    expect([count, source.session()]).toEqual([1, signedOut()]);
    stop();
    keeper.show(ADMIN);
    expect(count).toBe(1);
  });

  test('passes actions to the keeper', async () => {
    const keeper = createFakeKeeper();
    const source = createKeeperSource(keeper);
    expect(await source.signIn({ kind: 'password', username: 'ben', password: 'x' })).toMatchObject({ ok: true });
    await source.fetch('/api/a');
    expect(keeper.calls.map(({ name }) => name)).toEqual(['signIn', 'fetch']);
    expect(await source.connected()).toBe(keeper);
  });

  test('stays at the start on a server, and rejects what needs a browser', async () => {
    const source = createKeeperSource({ worker: '/sw.js' });
    expect(source.session()).toEqual(STARTING);
    expect(source.subscribe(() => undefined)).toBeTypeOf('function');
    await expect(source.signOut()).rejects.toThrow(/A server has no keeper/);
  });
});

test('roles come from an array or a text, and from nothing else', () => {
  const rolesIn = (roles: unknown) => rolesOf(signedIn({ sub: 'ann', claims: { roles } }));
  expect(rolesIn(['a', 7, 'b'])).toEqual(['a', 'b']);
  expect(rolesIn('a b')).toEqual(['a', 'b']);
  expect(rolesIn({ a: true })).toEqual([]);
  expect(rolesOf(signedOut())).toEqual([]);
  expect([STARTING, signedOut(), offline()].map(isSignedIn)).toEqual([false, false, true]);
});
