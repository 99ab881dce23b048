import { createLmdbStorage } from '../storage/lmdb-storage.ts';
import type { SiteStore } from './site-store.ts';

export type LmdbStoreSettings = {
  /** Secret from which the keys of the folder derive, at least 32 characters. Default: that in `keyFile`. */
  secret?: string | undefined;
  /** File with the secret. Default: a file beside the folder, which the first start writes. */
  keyFile?: string | undefined;
  /** Called when another process takes or removes the folder. The process should end. Default: it ends with an error. */
  onLost?: ((message: string) => void) | undefined;
};

const endProcess = (message: string): void =>
  queueMicrotask(() => {
    throw new Error(message);
  });

/**
 * Opens or creates a store in a folder of this process, on lmdb (package `lmdb`). What a call has stored survives a crash.
 * Rejects for a folder that is in use, damaged, or that cannot be written; the message says what to do.
 *
 * @example
 * import { lmdbStore } from 'session-keeper/server';
 * const store = await lmdbStore('.data');
 */
export const lmdbStore = async (folder: string, settings: LmdbStoreSettings = {}): Promise<SiteStore> => {
  // On demand: a site that only seals its worker installs no database.
  const [{ openDataFolder }, { noticeText }] = await Promise.all([
    import('../data-folder/data-folder.ts'),
    import('../data-folder/operator-notice.ts'),
  ]);
  const { store, close } = await openDataFolder(folder, {
    secret: settings.secret,
    keyFile: settings.keyFile,
    notify: (notice) => console.warn(noticeText(notice)),
    onLost: settings.onLost ?? endProcess,
  });
  return { ...createLmdbStorage(store), close };
};
