import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createSystemClock } from '../base/server-clock.ts';
import type { SteadyClock } from '../base/steady-clock.ts';
import { openDataFolder } from '../data-folder/data-folder.ts';
import { createKeyFile } from '../data-folder/key-file.ts';
import type { NotifyOperator } from '../data-folder/operator-notice.ts';
import { parseStoreAddress } from './engine/address.ts';
import type { SecretSource } from './derived-secrets.ts';
import { createLmdbStorage } from '../storage/lmdb-storage.ts';
import type { Storage } from '../storage/storage.ts';

/** `dir`: the folder for files, such as uploads. */
export type OpenStorage = { storage: Storage; clock: SteadyClock; dir: string; close(): Promise<void> };

/** As in `ServerOptions`. */
type StorageOptions = SecretSource & {
  dataDir: string;
  store?: string | undefined;
  adoptEmptyStore?: boolean | undefined;
  notify: NotifyOperator;
  onLost: (message: string) => void;
};

const openEmbedded = async (options: StorageOptions): Promise<OpenStorage> => {
  const folder = await openDataFolder(options.dataDir, options);
  return { ...folder, storage: createLmdbStorage(folder.store) };
};

/** A store without secrets from outside is that of a developer: the first start makes a key, and takes the store over. */
const withSecrets = ({ notify, ...options }: StorageOptions, dir: string) => {
  if (options.secret !== undefined || options.keyFile !== undefined) return options;
  const keyFile = join(dirname(dir), 'session-keeper-store.key');
  if (existsSync(keyFile)) return { ...options, keyFile };
  createKeyFile(keyFile);
  notify({ type: 'key-created', file: keyFile });
  return { ...options, keyFile, adoptEmptyStore: true };
};

const openShared = async (options: StorageOptions, address: string): Promise<OpenStorage> => {
  const dir = resolve(options.dataDir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // Only here: a server with its own data folder needs no client of another store.
  const { openRedisStorage } = await import('./redis-storage.ts');
  const { adoptEmptyStore = false, secret, keyFile } = withSecrets(options, dir);
  const { notify } = options;
  const storage = await openRedisStorage({
    ...{ address: parseStoreAddress(address), notify, adoptEmptyStore, secret, keyFile },
  });
  return { storage, clock: createSystemClock({ onNotice: notify }), dir, close: storage.close };
};

/** Opens the data folder, or the store that several instances share. */
export const openStorage = (options: StorageOptions): Promise<OpenStorage> =>
  options.store === undefined ? openEmbedded(options) : openShared(options, options.store);
