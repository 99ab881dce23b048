import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDisk, destroyDisk, type Disk } from '../../src/host/storage/database.ts';
import { leaveOtherLineage } from '../../src/host/storage/other-lineage.ts';
import { takeIdentity } from '../../src/host/storage/profile-identity.ts';

let disk: Disk;
beforeEach(() => {
  disk = createDisk();
});
afterEach(async () => {
  await disk.use(async (db) => db.close());
  await destroyDisk();
});

test('keeps its name and counts its workers', async () => {
  const first = await takeIdentity(disk);
  expect(await takeIdentity(disk)).toEqual({ host: first.host, epoch: first.epoch + 1 });
});

test('draws a new name when no worker of this profile is newer, so that a copied profile has live updates [copied-profile]', async () => {
  const mine = await takeIdentity(disk);
  const before = { ...mine };
  expect(await leaveOtherLineage(disk, mine)).toBe(true);
  expect(mine.host).not.toBe(before.host);
  expect(mine.epoch).toBe(1);
  expect(await takeIdentity(disk)).toEqual({ host: mine.host, epoch: 2 });
});

test('stays away when a newer worker of this profile has taken the name', async () => {
  const old = await takeIdentity(disk);
  const next = await takeIdentity(disk);
  const before = { ...old };
  expect(await leaveOtherLineage(disk, old)).toBe(false);
  expect(old).toEqual(before);
  expect(await takeIdentity(disk)).toEqual({ host: next.host, epoch: next.epoch + 1 });
});
