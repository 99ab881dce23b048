import 'fake-indexeddb/auto';
import { deleteDB } from 'idb';
import { afterEach, expect, test } from 'vitest';
import type { SessionRecord } from '../../src/core/session/session-types.ts';
import { formerNames, deploymentName } from '../../src/host/runtime/deployment-name.ts';
import { DATABASE_NAME } from '../../src/host/storage/connection.ts';
import { createDisk, type Disk } from '../../src/host/storage/database.ts';
import { createSealer } from '../../src/host/storage/encryption.ts';
import { findFormer } from '../../src/host/storage/former-database.ts';
import { createSessionStore, type SessionStore } from '../../src/host/storage/session-store.ts';
import type { SignInKind } from '../../src/protocol/snapshot.ts';

const APP = 'https://app.example';
const SEAL = { id: 'k1', secret: 'a secret of the worker' };
const disks: Disk[] = [];

const bindingsOf = (client: string) => ({
  provider: `${APP} https://id.example ${client}`,
  withoutProvider: `${APP}  `,
});

const storeOf = (name: string, client: string, deployment?: string): SessionStore => {
  const disk = createDisk(undefined, undefined, { name });
  disks.push(disk);
  const { provider, withoutProvider } = bindingsOf(client);
  const sealer = createSealer(disk, provider, SEAL);
  return createSessionStore(disk, sealer, { withoutProvider: sealer.boundTo(withoutProvider), deployment });
};

const session = (kind: SignInKind, generation = 1): SessionRecord => ({
  state: 'signed-in',
  session: { kind, generation, startedAt: 1, tokens: { refresh: 'rt' } },
});

afterEach(async () => {
  for (const disk of disks.splice(0)) await disk.close();
  for (const name of [DATABASE_NAME, `${DATABASE_NAME}:/app/`]) await deleteDB(name);
});

test('names the data of the scope / as every version did, and that of another scope by its path', () => {
  expect([deploymentName(undefined, '/'), deploymentName(undefined, '/app/'), deploymentName('shop', '/')]).toEqual([
    '',
    '/app/',
    'shop',
  ]);
  expect([formerNames('', '/'), formerNames('/app/', '/app/'), formerNames('shop', '/app/')]).toEqual([
    [],
    [''],
    ['/app/', ''],
  ]);
});

test('keeps the records of two deployments apart', async () => {
  await storeOf('', 'one').save(session('password'));
  expect(await storeOf('/app/', 'one').load()).toEqual({ saved: undefined });
});

test('opens a session that came by password after the OpenID client was renamed, and not one of the former client', async () => {
  await storeOf('', 'one').save(session('password'));
  expect(await storeOf('', 'two').load()).toEqual({ saved: session('password') });
  await storeOf('/app/', 'one').save(session('oidc'));
  expect((await storeOf('/app/', 'two').load()).problem).toMatchObject({ code: 'store-unreadable' });
});

test('opens a session by password that a former version sealed for its OpenID client', async () => {
  const disk = createDisk();
  disks.push(disk);
  await createSessionStore(disk, createSealer(disk, bindingsOf('one').provider, SEAL)).save(session('password'));
  expect(await storeOf('', 'one').load()).toEqual({ saved: session('password') });
});

test('finds the session of this deployment under a former name, and leaves the record of another app alone', async () => {
  await storeOf('', 'one').save(session('oidc'));
  expect(await findFormer(['/app/', ''], ['/app/'], bindingsOf('one'), SEAL)).toBe('');
  expect(await findFormer([''], ['/app/'], bindingsOf('two'), SEAL)).toBeUndefined();
  expect(await storeOf('', 'one').load()).toEqual({ saved: session('oidc') });
});

test('goes on in the database of the former name while the session is there', async () => {
  await storeOf('', 'one').save(session('password'));
  const name = { name: '/app/' };
  const disk = createDisk(undefined, undefined, name);
  disks.push(disk);
  const { provider, withoutProvider } = bindingsOf('one');
  const sealer = createSealer(disk, provider, SEAL);
  const store = createSessionStore(disk, sealer, {
    withoutProvider: sealer.boundTo(withoutProvider),
    async returnToFormer() {
      const former = await findFormer([''], ['/app/'], bindingsOf('one'), SEAL);
      if (former === undefined) return false;
      name.name = former;
      await disk.close();
      return true;
    },
  });
  expect(await store.load()).toEqual({ saved: session('password') });
  await store.save({ state: 'signed-out', generation: 2, reason: 'user' });
  expect(await storeOf('', 'one').load()).toMatchObject({ saved: { state: 'signed-out' } });
  expect(await storeOf('/app/', 'one').load()).toEqual({ saved: undefined });
});

test('takes from the database of a former name what itself or a former version wrote, and nothing of another app', async () => {
  const find = (ours: readonly string[]) => findFormer([''], ours, bindingsOf('one'), SEAL);
  await storeOf('', 'one', '').save(session('password'));
  expect(await find(['/app/'])).toBeUndefined();
  expect(await find(['shop', ''])).toBe('');
  await storeOf('', 'one', '/app/').save(session('password', 2));
  expect(await find(['/app/'])).toBe('');
  expect(await find(['/other/'])).toBeUndefined();
});
