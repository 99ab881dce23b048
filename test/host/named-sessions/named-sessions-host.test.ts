import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import { NO_SESSIONS } from '../../../src/core/named-sessions/named-sessions.ts';
import { createNamedSessionsHost, type SessionUnit } from '../../../src/host/named-sessions/named-sessions-host.ts';
import {
  createSessionsRegistry,
  type SessionsRegistry,
  type StoredSessions,
} from '../../../src/host/named-sessions/sessions-registry.ts';
import { createDisk, destroyDisk } from '../../../src/host/storage/database.ts';
import { ok } from '../../../src/protocol/problem.ts';
import { startingSnapshot } from '../../../src/page/connection/snapshot-store.ts';

const unit = (): SessionUnit => {
  const host: Partial<SessionUnit['host']> = { start: () => undefined, attach: () => undefined };
  const api: Partial<SessionUnit['api']> = { snapshot: async () => ok(startingSnapshot('service-worker', true)) };
  return { host, requests: {}, api } as unknown as SessionUnit;
};

const hostOver = (registry: SessionsRegistry, livingClients = async (): Promise<readonly string[]> => []) =>
  createNamedSessionsHost({ registry, create: unit, pageOf: async () => undefined, livingClients });

const shownOf = async (host: ReturnType<typeof hostOver>): Promise<readonly string[]> => {
  const sessions = await (await host.apiFor(undefined, '')).sessions();
  return sessions.ok ? sessions.value.map(({ name, shown }) => (shown ? `*${name}` : name)) : ['failed'];
};

const show = async (host: ReturnType<typeof hostOver>, name: string): Promise<unknown> =>
  (await host.apiFor(undefined, '')).showSession(name);

const registryOf = (): SessionsRegistry => createSessionsRegistry(createDisk(), { name: '' });

afterEach(async () => {
  await destroyDisk();
});

test('goes on when the browser does not list its documents', async () => {
  const host = hostOver(registryOf(), () => Promise.reject(new Error('clients')));
  expect(await shownOf(host)).toEqual(['*']);
});

test('keeps the names and the choice of a disk that it could not read at its start', async () => {
  const registry = registryOf();
  await registry.write({ ...NO_SESSIONS, shown: 'work', names: ['', 'work', 'home'] }, true);
  const read = vi.fn<SessionsRegistry['read']>(registry.read).mockRejectedValueOnce(new Error('blocked'));
  const host = hostOver({ ...registry, read });
  expect(await shownOf(host)).toEqual(['*']);
  host.attach(
    { protocol: 1, tab: 't', arrival: 'navigate', visible: true, topics: [], session: 'new', follows: false },
    {} as MessagePort,
    'client',
  );
  await expect.poll(() => shownOf(host)).toEqual(['', 'new', '*work', 'home']);
  expect(await registry.read()).toMatchObject({ shown: 'work', names: ['', 'new', 'work', 'home'] });
});

test('signs out the session of a name, and none that is not there', async () => {
  const ended: string[] = [];
  const create = (name: string): SessionUnit => {
    const made = unit();
    const signOut = async () => {
      ended.push(name);
      return ok(null);
    };
    return { ...made, api: { ...made.api, signOut } };
  };
  const options = { pageOf: async () => undefined, livingClients: async () => [] };
  const host = createNamedSessionsHost({ registry: registryOf(), create, ...options });
  await show(host, 'work');
  const api = await host.apiFor('', '');
  expect(await api.signOutSession('work')).toEqual({ ok: true, value: null });
  expect(await api.signOutSession('home')).toEqual({ ok: true, value: null });
  expect(await api.signOutSession('a/b')).toMatchObject({ ok: false, problem: { code: 'bad-message' } });
  expect(ended).toEqual(['work']);
  expect(await shownOf(host)).toEqual(['', '*work']);
});

test('keeps what another worker has written since', async () => {
  const [former, next] = [registryOf(), registryOf()];
  const known = await former.read();
  await next.write({ ...NO_SESSIONS, shown: 'home', names: ['', 'home'] }, true);
  expect(await former.write({ ...NO_SESSIONS, ...known, names: ['', 'work'] }, false)).toBe(true);
  expect(await next.read()).toMatchObject({ shown: 'home', names: ['', 'work', 'home'] });
});

test('shows what the person chose last, though it reads the disk meanwhile', async () => {
  let disk: StoredSessions = { shown: '', names: [], clients: {} };
  const tasks: (() => void)[] = [];
  const later = <T>(run: () => T): Promise<T> => new Promise((resolve) => tasks.push(() => resolve(run())));
  let change = (): void => undefined;
  const host = hostOver({
    read: () => later(() => disk),
    write: ({ shown, names, clients }) => later(() => ((disk = { shown, names, clients }), false)),
    onChange: (run) => (change = run),
  });
  host.start();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn += 1) {
      tasks.shift()?.();
      await Promise.resolve();
    }
  };
  await settle();
  change();
  await vi.waitUntil(() => tasks.length === 1);
  const showing = show(host, 'work');
  await vi.waitUntil(() => tasks.length === 2);
  await settle();
  await showing;
  const shown = shownOf(host);
  await settle();
  expect([await shown, disk.shown]).toEqual([['', '*work'], 'work']);
});
