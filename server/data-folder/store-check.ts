import { existsSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { DataDirError } from './data-dir-error.ts';
import { findDamage } from './lmdb-file.ts';
import { FORMAT, readMarker, type StoreMarker } from './marker.ts';

export const DATA_FILE = 'data.mdb';
export const LOCK_FILE = 'lock.mdb';
const ID_BYTES = 8;

const HOW_TO_GO_ON =
  'Restore a backup (session-keeper restore), or move the folder away to start with an empty store: ' +
  'then everyone has to sign in again.';

export const refused = (path: string, what: string): DataDirError =>
  new DataDirError(`${path} ${what}. ${HOW_TO_GO_ON}`);

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

export const newMarker = (): StoreMarker => ({
  format: FORMAT,
  id: randomBytes(ID_BYTES).toString('hex'),
  bytes: 0,
  seenAt: Date.now(),
});

const isAsClosed = ({ closed }: StoreMarker, { size, mtimeMs }: Stats): boolean =>
  closed?.bytes === size && closed.changedAt === mtimeMs;

/** `isWhole`: the file is as the last server closed it, so its entries need no look. */
export type StoreCheck = { marker: StoreMarker; isNew: boolean; isWhole: boolean };

/** Up to this size, a start reads each entry of a store that was not closed in order. */
const READ_ALL_BYTES = 64 * 1024 * 1024;

/**
 * Examines the store before it is opened. Returns its marker, or a new one for a new store and for that of a server before
 * 0.2. Throws `DataDirError` for a store that is damaged or missing: where a store was, no empty one begins.
 */
export const checkStore = (dir: string): StoreCheck => {
  const marker = readMarker(dir);
  const path = join(dir, DATA_FILE);
  const file = statOf(path);
  if (file && !file.isFile()) throw refused(path, 'is not a file');
  if (!file) {
    const hadData = marker ? marker.bytes > 0 : existsSync(join(dir, LOCK_FILE));
    if (hadData) throw refused(path, 'is missing, but this folder had a store');
    return { marker: marker ?? newMarker(), isNew: true, isWhole: true };
  }
  const bytes = marker?.bytes ?? 1;
  if (file.size < bytes)
    throw refused(
      path,
      file.size === 0 ? 'is empty, but it had data' : `was cut: it has ${file.size} of ${bytes} bytes`,
    );
  if (file.size === 0) return { marker: marker ?? newMarker(), isNew: true, isWhole: true };
  const isClosed = marker !== undefined && isAsClosed(marker, file);
  const damage = isClosed ? undefined : findDamage(path);
  if (damage !== undefined) throw refused(path, `is damaged: ${damage}`);
  return { marker: marker ?? newMarker(), isNew: false, isWhole: isClosed || file.size > READ_ALL_BYTES };
};
