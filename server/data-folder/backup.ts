import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { open } from 'lmdb';
import { DataDirError } from './data-dir-error.ts';
import { isLeased, takeLease } from './lease.ts';
import { findDamage } from './lmdb-file.ts';
import { readMarker, writeMarker, type StoreMarker } from './marker.ts';
import { checkStore, DATA_FILE, LOCK_FILE } from './store-check.ts';

/** `bytes`: of the copied store. */
export type BackupResult = { dir: string; storeId: string; bytes: number };

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY = 0o600;
const UPLOADS = 'uploads';
const MARKER_FILE = 'store.json';

const isEmptyOrAbsent = (dir: string): boolean => !existsSync(dir) || readdirSync(dir).length === 0;

/** The marker of a store that has data. Throws `DataDirError` for a folder without one. */
const requireMarker = (dir: string): StoreMarker => {
  const marker = existsSync(dir) ? readMarker(dir) : undefined;
  if (!marker) throw new DataDirError(`${dir} has no store of this server: there is no ${MARKER_FILE} in it.`);
  return marker;
};

/**
 * Copies the store as it is at one moment, also while a server writes to it: LMDB keeps the pages of a reader's snapshot
 * (mdb_env_copy2, http://www.lmdb.tech/doc/group__mdb.html). Leaves free pages out, and with them what was deleted.
 */
const copyStore = async (from: string, to: string): Promise<void> => {
  const source = open({ path: from, readOnly: true, maxDbs: 2, noSubdir: false });
  try {
    await source.backup(to, true);
  } finally {
    await source.close();
  }
};

/**
 * Writes a backup of a data folder into a new folder. The folder appears when it is complete. It has no key: the secrets in
 * it are sealed. Rejects with `DataDirError`.
 */
export const backUp = async (path: string, to: string): Promise<BackupResult> => {
  const [from, target] = [resolve(path), resolve(to)];
  const marker = requireMarker(from);
  if (!isEmptyOrAbsent(target)) throw new DataDirError(`${target} is not empty. Give a new folder for each backup.`);
  // LMDB trusts a damaged file. A running server has examined it, and changes pages meanwhile.
  if (!isLeased(from)) checkStore(from);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: OWNER_ONLY_FOLDER });
  try {
    await copyStore(from, partial);
    const file = join(partial, DATA_FILE);
    const damage = findDamage(file);
    if (damage !== undefined) throw new DataDirError(`The copy of ${from} is damaged: ${damage}. Try again.`);
    chmodSync(file, OWNER_ONLY);
    const bytes = statSync(file).size;
    if (existsSync(join(from, UPLOADS))) cpSync(join(from, UPLOADS), join(partial, UPLOADS), { recursive: true });
    writeMarker(partial, { ...marker, bytes, closed: undefined });
    rmSync(target, { recursive: true, force: true });
    renameSync(partial, target);
    return { dir: target, storeId: marker.id, bytes };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
};

/** Moves the files of a store into a folder of their own beside them. Returns it; `undefined`: there are none. */
const setAside = (dir: string): string | undefined => {
  const names = [DATA_FILE, LOCK_FILE, MARKER_FILE, UPLOADS].filter((name) => existsSync(join(dir, name)));
  if (names.length === 0) return undefined;
  const aside = join(dir, `before-restore-${new Date().toISOString().replaceAll(':', '-')}`);
  mkdirSync(aside, { mode: OWNER_ONLY_FOLDER });
  for (const name of names) renameSync(join(dir, name), join(aside, name));
  return aside;
};

/**
 * Puts a backup in the place of a data folder, which no server may use. The data that was there stays in a folder inside of
 * it. The next start begins new topic histories, because clients have seen messages that the backup lacks.
 */
export const restore = async (from: string, path: string): Promise<BackupResult & { aside: string | undefined }> => {
  const [backup, dir] = [resolve(from), resolve(path)];
  requireMarker(backup);
  const { marker } = checkStore(backup);
  mkdirSync(dir, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const lease = await takeLease(dir);
  try {
    const file = join(dir, DATA_FILE);
    const copy = `${file}.restored`;
    copyFileSync(join(backup, DATA_FILE), copy);
    chmodSync(copy, OWNER_ONLY);
    const aside = setAside(dir);
    if (existsSync(join(backup, UPLOADS))) cpSync(join(backup, UPLOADS), join(dir, UPLOADS), { recursive: true });
    const bytes = statSync(copy).size;
    writeMarker(dir, { ...marker, bytes, seenAt: Date.now(), closed: undefined, isRestored: true });
    renameSync(copy, file);
    return { dir, storeId: marker.id, bytes, aside };
  } finally {
    lease.release();
  }
};
