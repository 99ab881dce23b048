import { deleteDB, wrap, type DBSchema, type IDBPDatabase } from 'idb';
import { DATABASE_NAME, openDatabase } from './connection.ts';
import { named, type DeploymentName } from '../runtime/deployment-name.ts';
import { SEALED, type Sealed } from './first-read.ts';

/** Page script can write the database, so each value is `unknown` until a schema has read it. */
interface KeeperSchema extends DBSchema {
  /** A `SessionRow` under `current`. A row that does not open moves to `aside`, until the next sign-out. */
  session: { key: string; value: unknown };
  /** Small sealed records by name: DPoP keys, pending sign-ins, sessions to revoke. */
  sealed: { key: string; value: unknown };
  /** Nothing secret: the identity of this browser profile, the continuity counters. */
  plain: { key: string; value: unknown };
  /** Non-extractable keys, for a deployment whose server injects no seal. */
  keys: { key: string; value: unknown };
  /** A `JournalEntry` each, oldest first. */
  journal: { key: number; value: unknown };
}

export type Database = IDBPDatabase<KeeperSchema>;

/** Page script can block an open, or hold a transaction, for ever (measured). So each operation has this deadline. */
const DEADLINE_MS = 2_000;

class DeadlineError extends Error {
  override readonly name = 'TimeoutError';
}

const within = <T>(work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineError()), DEADLINE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** `idb` for a connection. A closed connection is forgotten, and the next use opens another one. */
const wrapped = (connection: IDBDatabase, forget: () => void, onErased: () => void): Database => {
  // A newer worker or a page that deletes the database waits until this connection closes.
  connection.onversionchange = ({ newVersion }) => {
    connection.close();
    forget();
    if (newVersion === null) onErased();
  };
  connection.onclose = forget;
  // The stores of `KeeperSchema` are those that `createStores` makes.
  return wrap(connection) as unknown as Database;
};

export type Disk = {
  /** Runs `work` on an open database. If the connection was closed, opens the database again and retries once. */
  use<T>(work: (db: Database) => Promise<T>): Promise<T>;
  /** Waits for `work`, no longer than a use may take. */
  within<T>(work: Promise<T>): Promise<T>;
  /** Closes the connection. The next use opens the database that the deployment names then. */
  close(): Promise<void>;
};

const UNNAMED: DeploymentName = { name: '' };

/**
 * `onErased` runs when a script deletes the database. It does not run when the user clears the site's data in the
 * browser: that data must stay gone. `connection`: one that is open already, or will be.
 */
export const createDisk = (
  onErased: () => void = () => undefined,
  connection?: Promise<IDBDatabase>,
  deployment = UNNAMED,
): Disk => {
  let opened: Promise<Database> | undefined;
  const forget = (): void => {
    opened = undefined;
  };
  const take = (from: Promise<IDBDatabase>): Promise<Database> => {
    opened = from.then((db) => wrapped(db, forget, onErased));
    opened.catch(forget);
    return opened;
  };
  const connect = (): Promise<Database> => opened ?? take(openDatabase(named(DATABASE_NAME, deployment)));
  if (connection) void take(connection);
  return {
    within,
    async close() {
      const former = opened;
      forget();
      (await former?.catch(() => undefined))?.close();
    },
    async use(work) {
      try {
        return await within(connect().then(work));
      } catch (error) {
        // `InvalidStateError`: the connection closed during the work. A new connection sees the current data.
        if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
        forget();
        return within(connect().then(work));
      }
    },
  };
};

/** Writes one value with `durability: 'strict'`: it survives a power loss, which the default does not promise. */
export const putDurably = async <S extends 'sealed' | 'plain'>(
  db: Database,
  store: S,
  key: string,
  value: S extends 'sealed' ? Sealed : unknown,
): Promise<void> => {
  const tx = db.transaction<S, 'readwrite'>(store, 'readwrite', { durability: 'strict' });
  await tx.store.put(value, key);
  await tx.done;
};

export const getSealed = async (disk: Disk, key: string): Promise<Sealed | undefined> =>
  SEALED.read(await disk.use((db) => db.get('sealed', key)));

/** Deletes the database. Only tests use it. */
export const destroyDisk = (): Promise<void> => deleteDB(DATABASE_NAME);
