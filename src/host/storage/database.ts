import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Problem } from '../../protocol/problem.ts';
import type { JournalEntry } from '../../protocol/bridge.ts';

/** AES-GCM ciphertext; `key` names the key it was sealed with, so that a changed seal is not taken for corruption. */
export type Sealed = { key: string; iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };

/** What is in clear beside a sealed session: enough to decide which record is newer without opening any. */
export type SessionRow = { generation: number; sealed: Sealed };

interface KeeperSchema extends DBSchema {
  /** A `SessionRow` under `current`, and what could not be opened under `aside`, until the next sign-out. */
  session: { key: string; value: unknown };
  /** Sealed odds and ends by name: DPoP keys, sign-ins under way, tokens still to be revoked. */
  sealed: { key: string; value: Sealed };
  /** Nothing secret: this host's identity, what was survived. */
  plain: { key: string; value: unknown };
  /** Non-extractable keys, where no server seals. */
  keys: { key: string; value: CryptoKey };
  journal: { key: number; value: JournalEntry };
}

export type Database = IDBPDatabase<KeeperSchema>;

const NAME = 'session-keeper';
const VERSION = 1;
/** A page can block an open, or hold a transaction, for ever (measured): nothing here waits longer. */
const DEADLINE_MS = 2_000;

class Late extends Error {
  override readonly name = 'TimeoutError';
}

const within = <T>(work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Late()), DEADLINE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** What went wrong with the disk, as data. */
export const storeProblem = (error: unknown): Problem => {
  const name = error instanceof Error ? error.name : 'Error';
  if (name === 'VersionError') return { code: 'store-newer' };
  if (name === 'QuotaExceededError') return { code: 'store-full' };
  return { code: 'store-unavailable', detail: name };
};

const open = (forget: () => void, onErased: () => void): Promise<Database> =>
  openDB<KeeperSchema>(NAME, VERSION, {
    upgrade(db) {
      db.createObjectStore('session');
      db.createObjectStore('sealed');
      db.createObjectStore('plain');
      db.createObjectStore('keys');
      db.createObjectStore('journal', { autoIncrement: true });
    },
    // A newer worker, or a page that clears its data, wants the database: let go, and open it anew when needed.
    blocking(_current, wanted, event) {
      (event.target as IDBDatabase).close();
      forget();
      if (wanted === null) onErased();
    },
    terminated: forget,
  });

export type Disk = {
  /** Runs one piece of work on an open database; opens it anew once if the connection was gone. */
  use<T>(work: (db: Database) => Promise<T>): Promise<T>;
};

/** `onErased`: a script deletes the database. What the browser itself clears is gone for good: a person wanted it so. */
export const createDisk = (onErased: () => void = () => undefined): Disk => {
  let opened: Promise<Database> | undefined;
  const forget = (): void => {
    opened = undefined;
  };
  const connect = (): Promise<Database> => {
    const mine = (opened ??= open(forget, onErased));
    mine.catch(forget);
    return mine;
  };
  return {
    async use(work) {
      try {
        return await within(connect().then(work));
      } catch (error) {
        // The connection was closed under us (InvalidStateError); a second one sees the disk as it is now.
        if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
        forget();
        return within(connect().then(work));
      }
    },
  };
};

/** Writes one value so that it outlives a crash of the machine (`durability: 'strict'`; the default may not). */
export const putDurably = async <S extends 'sealed' | 'plain'>(
  db: Database,
  store: S,
  key: string,
  value: KeeperSchema[S]['value'],
): Promise<void> => {
  const tx = db.transaction<S, 'readwrite'>(store, 'readwrite', { durability: 'strict' });
  await tx.store.put(value, key);
  await tx.done;
};

/** For tests, and for a person who asks for a clean slate. */
export const destroyDisk = (): Promise<void> => deleteDB(NAME);
