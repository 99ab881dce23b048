import { object, string, type Infer } from '../../protocol/schema/schema.ts';
import { instanceOf } from '../../protocol/schema/schema-types.ts';
import { openDatabase } from './connection.ts';

/** Where the session's row, the local key and the DPoP keys lie. */
export const CURRENT = 'current';
export const LOCAL_KEY = 'seal';
export const DPOP_PREFIX = 'dpop:';

/** AES-GCM ciphertext. `key` names its key, so that an unknown key does not look like corrupt data. */
export const SEALED = object({
  key: string,
  iv: instanceOf<Uint8Array<ArrayBuffer>>(Uint8Array),
  data: instanceOf<ArrayBuffer>(ArrayBuffer),
});
export type Sealed = Infer<typeof SEALED>;

/** Rows as they are on the disk: each is unknown until a schema has read it. */
export type FirstRows = {
  session: unknown;
  /** The local key. */
  key: unknown;
  /** DPoP keys by name. */
  dpop: ReadonlyMap<string, unknown>;
};

export type FirstRead = {
  connection: Promise<IDBDatabase>;
  rows: Promise<FirstRows>;
  /** The same rows for one judgement on the session. A later one must read again: another context may have written. */
  takeRows(): Promise<FirstRows> | undefined;
};

const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException('read', 'UnknownError'));
  });

const readRows = async (db: IDBDatabase): Promise<FirstRows> => {
  const transaction = db.transaction(['session', 'keys', 'sealed']);
  const sealed = transaction.objectStore('sealed');
  const dpop = IDBKeyRange.bound(DPOP_PREFIX, `${DPOP_PREFIX}\uffff`);
  const [session, key, names, pairs] = await Promise.all([
    resultOf<unknown>(transaction.objectStore('session').get(CURRENT)),
    resultOf<unknown>(transaction.objectStore('keys').get(LOCAL_KEY)),
    // The keys of this store are strings.
    resultOf(sealed.getAllKeys(dpop) as IDBRequest<string[]>),
    resultOf<unknown[]>(sealed.getAll(dpop)),
  ]);
  return {
    session,
    key,
    dpop: new Map(names.map((name, index) => [name.slice(DPOP_PREFIX.length), pairs[index]])),
  };
};

/**
 * Opens the database and reads all that a first request needs, in one transaction. A worker calls it in its first
 * statement: the browser then works while the script is evaluated. The library `idb` costs more than these reads.
 */
export const startFirstRead = (database?: string): FirstRead => {
  const connection = openDatabase(database);
  const rows = connection.then(readRows);
  // The user of the rows handles this. A worker that needs none must not report it.
  rows.catch(() => undefined);
  let fresh: Promise<FirstRows> | undefined = rows;
  const takeRows = (): Promise<FirstRows> | undefined => {
    const taken = fresh;
    fresh = undefined;
    return taken;
  };
  return { connection, rows, takeRows };
};
