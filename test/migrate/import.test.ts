import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { projectSession } from '../../src/core/session/session-view.ts';
import { createDpopKeys } from '../../src/host/auth/dpop-keys.ts';
import { createOidcMethod } from '../../src/host/auth/oidc-method.ts';
import { createPendingSignIns } from '../../src/host/auth/pending-sign-ins.ts';
import { fromMsal, fromOidcClientTs, importSession } from '../../src/migrate/index.ts';
import type { Keeper } from '../../src/page/types/types.ts';
import { ok } from '../../src/protocol/problem.ts';
import type { Snapshot } from '../../src/protocol/snapshot.ts';
import { createFakeKeeper, signedIn, signedOut } from '../../src/testing/index.ts';
import { createWorldClock, endWorld, startWorker, type WorldWorker } from '../support/providers/browser-world.ts';
import { connectTo, simulateProvider, type SimulatedProvider } from '../support/providers/simulated-provider.ts';
import { CLIENT, ISSUER, LIBRARIES, refreshTokenOf } from './libraries.ts';
import { openPage } from './storages.ts';
import { NEVER_SLEPT } from '../support/never-slept.ts';

const APP = 'https://app.example';
const POLL_MS = 2;

let provider: SimulatedProvider;
let storages: readonly Storage[];

beforeEach(() => {
  const page = openPage(`${APP}/`);
  storages = [page.session, page.local];
  provider = simulateProvider(
    {
      issuer: ISSUER,
      refreshToken: 'always',
      rotates: true,
      reuseGraceMs: 0,
      dead: { status: 400, body: { error: 'invalid_grant' } },
      revocation: 'standard',
    },
    Date.now,
  );
  connectTo([{ origin: ISSUER, fetch: provider.fetch }]);
});
afterEach(endWorld);

const start = (allowImport = true): Promise<WorldWorker> =>
  startWorker(createWorldClock(), ({ disk, sealer, hasLeft }) => {
    const oidc = createOidcMethod({
      config: { issuer: ISSUER, clientId: CLIENT, callback: '/auth/callback', reuseGraceMs: 0, allowImport },
      ...{ origin: APP, scope: '/', hasLeft, now: Date.now, connections: NEVER_SLEPT },
      keys: createDpopKeys({ disk, sealer, now: Date.now }),
      pendingSignIns: createPendingSignIns({ disk, sealer, home: '/', now: Date.now }),
    });
    return { methods: { oidc }, revoke: oidc.revoke };
  });

type Importer = Pick<Keeper, 'snapshot' | 'subscribe' | 'signIn'>;

/** What a page has of this worker. */
const keeperOf = ({ runtime }: WorldWorker, durability: Snapshot['durability'] = 'disk'): Importer => {
  const snapshot = (): Snapshot => ({
    ...createFakeKeeper().snapshot,
    durability,
    session: projectSession(runtime.machine),
  });
  return {
    get snapshot() {
      return snapshot();
    },
    subscribe(listener) {
      listener(snapshot());
      const timer = setInterval(() => listener(snapshot()), POLL_MS);
      return () => clearInterval(timer);
    },
    signIn: (intent) => runtime.signIn(intent) as ReturnType<Keeper['signIn']>,
  };
};

/** Every value that a page could still read. */
const left = (): string =>
  storages
    .flatMap((storage) => Array.from({ length: storage.length }, (_, at) => storage.getItem(storage.key(at) ?? '')))
    .join('\n');

const refreshes = (): number => provider.asked.filter(({ grant }) => grant === 'refresh_token').length;

describe.each(LIBRARIES)('the session of $name', ({ leave }) => {
  test('goes on without a sign-in, and leaves no token in the page', async () => {
    const source = await leave(provider);
    const token = source()?.refreshToken;
    expect(token).toMatch(/^rt-/);
    const worker = await start();
    expect(await importSession(keeperOf(worker), source)).toEqual({ type: 'imported' });
    expect(refreshes()).toBe(1);
    expect(worker.session?.tokens.refresh).not.toBe(token);
    await expect.poll(() => worker.session?.user).toEqual({ sub: 'demo' });
    expect(provider.accepts(worker.session?.tokens.access?.value ?? '')).toBe(true);
    expect(left()).not.toContain(token);
    expect(source()).toBeUndefined();
    worker.kill();
    expect(await (await start()).request()).toMatchObject({ type: 'authorized' });
  });
});

describe('an import', () => {
  const source = fromOidcClientTs({ authority: ISSUER, clientId: CLIENT });
  const KEY = `oidc.user:${ISSUER}:${CLIENT}`;
  const leave = async (): Promise<string> => {
    const token = await refreshTokenOf(provider);
    localStorage.setItem(KEY, JSON.stringify({ refresh_token: token }));
    return token;
  };

  test('removes the token from the page only when the disk has it', async () => {
    const token = await leave();
    const worker = await start();
    const keeper = keeperOf(worker);
    const signIn = vi.fn<Keeper['signIn']>(async (intent) => {
      const saving = keeper.signIn(intent);
      expect(left()).toContain(token);
      const saved = await saving;
      expect(left()).toContain(token);
      expect(refreshes()).toBe(0);
      return saved;
    });
    await importSession({ ...keeper, snapshot: keeper.snapshot, signIn }, source);
    expect(signIn).toHaveBeenCalledTimes(1);
    expect(left()).not.toContain(token);
  });

  test('leaves the token where it is when the disk does not keep it', async () => {
    const token = await leave();
    await importSession(keeperOf(await start(), 'memory'), source);
    expect(left()).toContain(token);
  });

  test.each([
    ['memory', true],
    ['disk', false],
  ] as const)('waits for the snapshot of the save, which may come after the answer: %s', async (durability, isLeft) => {
    const token = await leave();
    const keeper = createFakeKeeper({ session: signedOut() });
    const signIn: Keeper['signIn'] = async () => {
      setTimeout(() => keeper.show({ ...signedIn(), accessIssuedAt: 1 } as Snapshot['session'], { durability }), 1);
      return ok({ type: 'signed-in' });
    };
    const importer = { subscribe: keeper.subscribe, signIn };
    Object.defineProperty(importer, 'snapshot', { get: () => keeper.snapshot });
    expect(await importSession(importer as unknown as Importer, source)).toEqual({ type: 'imported' });
    expect(left().includes(token)).toBe(isLeft);
  });

  test('leaves the token where it is when the configuration does not allow it', async () => {
    const token = await leave();
    const result = await importSession(keeperOf(await start(false)), source);
    expect(result).toEqual({ type: 'failed', problem: { code: 'unsupported', detail: 'import' } });
    expect(left()).toContain(token);
  });

  test('keeps the session when the provider does not answer yet', async () => {
    await leave();
    const worker = await start();
    connectTo([]);
    expect(await importSession(keeperOf(worker), source)).toEqual({ type: 'saved' });
    worker.kill();
    connectTo([{ origin: ISSUER, fetch: provider.fetch }]);
    expect(await (await start()).request()).toMatchObject({ type: 'authorized' });
  });

  test('says that the provider rejects the token when it is over', async () => {
    await leave();
    provider.endAll();
    const result = await importSession(keeperOf(await start()), source);
    expect(result).toMatchObject({ type: 'rejected', problem: { code: 'grant-rejected' } });
  });

  test('does not bring back a user who has signed out', async () => {
    await leave();
    const worker = await start();
    await importSession(keeperOf(worker), source);
    await worker.signOut();
    const token = await leave();
    expect(await importSession(keeperOf(worker), source)).toEqual({ type: 'not-needed' });
    expect(worker.state.state).toBe('signed-out');
    expect(left()).not.toContain(token);
    // A page that asks the worker itself gets the same answer.
    expect(await worker.runtime.signIn({ kind: 'import', refreshToken: token })).toEqual({
      ok: false,
      problem: { code: 'signed-out' },
    });
  });

  test('replaces no session of the keeper', async () => {
    await leave();
    const worker = await start();
    await importSession(keeperOf(worker), source);
    const { generation } = worker.session ?? {};
    await leave();
    expect(await importSession(keeperOf(worker), source)).toEqual({ type: 'not-needed' });
    expect(worker.session?.generation).toBe(generation);
  });

  test.each(['{', 'null', '[]', '{"refresh_token":""}', '{"refresh_token":7}'])(
    'finds nothing, and changes nothing, when the page has %s',
    async (text) => {
      localStorage.setItem(KEY, text);
      expect(await importSession(createFakeKeeper({ session: signedOut() }), source)).toEqual({ type: 'nothing' });
      expect(left()).toBe(text);
    },
  );

  test('finds nothing in what msal-browser encrypts', async () => {
    localStorage.setItem('msal.3|o|rt|web', JSON.stringify({ id: 'k', nonce: 'n', data: 'c', lastUpdatedAt: '1' }));
    expect(await importSession(createFakeKeeper(), fromMsal({ clientId: CLIENT }))).toEqual({ type: 'nothing' });
  });

  test('finds nothing when the browser has switched off its storage', async () => {
    vi.stubGlobal('sessionStorage', undefined);
    vi.stubGlobal('localStorage', undefined);
    expect(await importSession(createFakeKeeper(), source)).toEqual({ type: 'nothing' });
  });
});
