import { expect, test, vi } from 'vitest';
import type { Auth, AuthOptions, TokenSource } from '../../../src/host/auth/auth.ts';
import { createLateAuth } from '../../../src/host/auth/late-auth.ts';
import type { Session } from '../../../src/core/session/session-types.ts';

const NOT_LOADED = { type: 'failed', problem: { code: 'network-unreachable', at: 'script' } };
const SESSION = { kind: 'password', tokens: {} } as unknown as Session;

const OPTIONS = {
  config: { signIn: { password: { login: '/login', refresh: '/refresh', logout: '/logout', reuseGraceMs: 0 } } },
} as unknown as AuthOptions;

const method: TokenSource = {
  signIn: async () => ({ type: 'redirect', url: '/there' }),
  refresh: async () => ({ type: 'granted', grant: {} }),
};

/** Late auth whose code loads when `load` resolves, and what was called on it. */
const late = (load: () => Promise<void>) => {
  const rewrite = vi.fn<() => Promise<undefined>>(async () => undefined);
  const createAuth = vi.fn<(options: AuthOptions) => Auth>(
    () => ({ methods: { password: method }, revoke: async () => true, rewrite }) as unknown as Auth,
  );
  const auth = createLateAuth(async () => {
    await load();
    return { createAuth };
  }, OPTIONS);
  return { auth, createAuth, rewrite };
};

test('has the methods of the configuration before its code is loaded', () => {
  const { auth, createAuth } = late(async () => undefined);
  expect(Object.keys(auth.methods)).toEqual(['password']);
  expect(createAuth).not.toHaveBeenCalled();
});

test('loads its code once, at the first call', async () => {
  const { auth, createAuth } = late(async () => undefined);
  const results = await Promise.all([auth.methods.password?.refresh(SESSION), auth.revoke(SESSION, undefined)]);
  expect(results).toEqual([{ type: 'granted', grant: {} }, true]);
  expect(createAuth).toHaveBeenCalledExactlyOnceWith(OPTIONS);
});

test('reports a failed load as an attempt that sent nothing, and loads again at the next call', async () => {
  let fails = true;
  const { auth } = late(async () => {
    if (fails) throw new TypeError('not stored');
  });
  expect(await auth.methods.password?.refresh(SESSION)).toEqual({ ...NOT_LOADED, unanswered: false });
  expect(await auth.methods.password?.signIn({ kind: 'password', username: 'a', password: 'b' })).toEqual(NOT_LOADED);
  expect(await auth.revoke(SESSION, undefined)).toBe(0);
  expect(await auth.verifyCookie()).toEqual(NOT_LOADED);
  fails = false;
  expect(await auth.methods.password?.refresh(SESSION)).toEqual({ type: 'granted', grant: {} });
});

test('rewrites no keys that it has not loaded', async () => {
  const { auth, createAuth, rewrite } = late(async () => undefined);
  await auth.rewrite();
  expect(createAuth).not.toHaveBeenCalled();
  await auth.revoke(SESSION, undefined);
  await auth.rewrite();
  expect(rewrite).toHaveBeenCalledOnce();
});

test('loads its code before the first call when a refresh is prepared', async () => {
  const { auth, createAuth } = late(async () => undefined);
  auth.prepare();
  await vi.waitFor(() => expect(createAuth).toHaveBeenCalledTimes(1));
  await auth.methods.password?.refresh(SESSION);
  expect(createAuth).toHaveBeenCalledTimes(1);
});
