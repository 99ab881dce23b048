import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openLmdbStore, type OrderedStore } from '../base/lmdb-store.ts';
import { sealLegacySecrets, sealSecrets } from '../base/sealed-secrets.ts';
import { createSystemClock } from '../base/server-clock.ts';
import type { SteadyClock } from '../base/steady-clock.ts';
import { beginNextEpoch } from '../storage/lmdb-topic-log.ts';
import { errorCode } from './atomic-file.ts';
import { DataDirError } from './data-dir-error.ts';
import { readVolume, spaceText } from './disk-space.ts';
import { openKeys, type KeySource } from './key-file.ts';
import { takeLease, type Lease } from './lease.ts';
import { FORMAT, writeMarker, type StoreMarker } from './marker.ts';
import type { NotifyOperator } from './operator-notice.ts';
import { checkStore, DATA_FILE, refused } from './store-check.ts';
import { watchStore } from './watch.ts';

export type DataFolderOptions = KeySource & {
  notify: NotifyOperator;
  /** Called once when the folder is lost while the server runs. The process must end without closing the store. */
  onLost: (message: string) => void;
};

/** An open data folder. Its store seals the server's secrets. */
export type DataFolder = {
  /** Absolute path. */
  dir: string;
  store: OrderedStore;
  clock: SteadyClock;
  close(): Promise<void>;
};

const OWNER_ONLY = 0o600;
/** Row with the id of the store, which must be that of the marker. */
const ID_KEY = 'store/id';

const existingAncestor = (dir: string): string => {
  for (let path = dir; ; path = resolve(path, '..'))
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
};

const explain = (dir: string, error: unknown): DataDirError => {
  if (error instanceof DataDirError) return error;
  const code = errorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new DataDirError(
      `The disk of ${dir} is full: ${spaceText(readVolume(existingAncestor(dir)))}. Free some space, and start again.`,
    );
  return new DataDirError(
    `${dir} cannot be written: ${reason}. Correct its rights, or set DATA_DIR to another folder.`,
  );
};

/** A full disk keeps the older marker, which is still true. */
const tryToMark = (dir: string, marker: StoreMarker): void => {
  try {
    writeMarker(dir, marker);
  } catch {
    // The next one may succeed.
  }
};

const openStoreIn = async (
  dir: string,
  lease: Lease,
  { notify, onLost, ...source }: DataFolderOptions,
): Promise<DataFolder> => {
  const { marker, isNew, isWhole } = checkStore(dir);
  const keys = openKeys(dir, marker.id, marker.keyCheck, source);
  const current: StoreMarker = { ...marker, format: FORMAT, keyCheck: keys.check };
  writeMarker(dir, { ...current, closed: undefined });
  if (keys.created !== undefined) notify({ type: 'key-created', file: keys.created });
  const clock = createSystemClock({ lastSeen: marker.seenAt, onNotice: notify });
  const late: { check?: ReturnType<typeof watchStore>['check'] } = {};
  const file = openLmdbStore(dir, {
    now: clock.now,
    maySweep: () => clock.offsetMs() === 0,
    check: (use) => late.check?.(use),
  });
  const damaged = isWhole ? undefined : file.findDamagedEntry();
  if (damaged !== undefined) throw refused(join(dir, DATA_FILE), `is damaged: the entry ${damaged} cannot be read`);
  const id = await file.update([ID_KEY], ([stored]) =>
    typeof stored === 'string'
      ? { result: stored }
      : { result: marker.id, writes: [{ key: ID_KEY, value: marker.id }] },
  );
  if (id !== marker.id)
    throw new DataDirError(`${join(dir, DATA_FILE)} belongs to another store than ${dir}/store.json.`);
  for (const name of [DATA_FILE, 'lock.mdb']) chmodSync(join(dir, name), OWNER_ONLY);
  const sealKey = keys.derive('secrets');
  await sealLegacySecrets(file, sealKey);
  const store = sealSecrets(file, sealKey);
  // The history has lost its end, so the offsets after the backup would be given twice.
  if (marker.isRestored === true) await beginNextEpoch(store);
  const mark = (bytes: number): StoreMarker => ({ ...current, isRestored: undefined, bytes, seenAt: clock.now() });
  const watch = watchStore(dir, lease, { mark: (bytes) => tryToMark(dir, mark(bytes)), onLost });
  if (isNew || marker.isRestored === true) tryToMark(dir, mark(watch.bytes()));
  late.check = watch.check;
  return {
    dir,
    store,
    clock,
    async close() {
      watch.stop();
      await file.close();
      const { size, mtimeMs } = statSync(join(dir, DATA_FILE));
      tryToMark(dir, { ...mark(size), closed: { bytes: size, changedAt: mtimeMs } });
    },
  };
};

/**
 * Opens or creates a data folder for this process. Rejects with `DataDirError` for a folder that is in use, damaged, of a
 * newer server, or that cannot be written; its message says what to do.
 */
export const openDataFolder = async (path: string, options: DataFolderOptions): Promise<DataFolder> => {
  const dir = resolve(path);
  let lease: Lease | undefined;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const held = await takeLease(dir);
    lease = held;
    const folder = await openStoreIn(dir, held, options);
    return { ...folder, close: () => folder.close().finally(held.release) };
  } catch (error) {
    lease?.release();
    throw explain(dir, error);
  }
};
