import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { OutboxItem } from '../core/outbox.ts';
import { failed, ok, type Problem, type Result } from '../protocol/problem.ts';

/** Publications that must survive the worker. A resolved promise means: it is on the disk. Nothing here throws. */
export type OutboxStore = {
  /** In the order in which they were added. */
  load(): Promise<Result<readonly OutboxItem[]>>;
  /** All of them or none, in this order; an id that is there already stays where it is. */
  add(items: readonly OutboxItem[]): Promise<Result<null>>;
  remove(ids: readonly string[]): Promise<Result<null>>;
};

export const OUTBOX_DATABASE = 'session-keeper-socket';
const VERSION = 1;
const STORE = 'outbox';

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxItem; indexes: { id: string } };
}

type Database = IDBPDatabase<Schema>;

const problemOf = (error: unknown): Problem => {
  const name = error instanceof DOMException ? error.name : 'unknown';
  if (name === 'QuotaExceededError') return { code: 'store-full' };
  return name === 'VersionError' ? { code: 'store-newer' } : { code: 'store-unavailable', detail: name };
};

const isItem = (value: OutboxItem): boolean =>
  [value.id, value.topic, value.json, value.owner].every((part) => typeof part === 'string');

const open = (ended: () => void): Promise<Database> =>
  openDB<Schema>(OUTBOX_DATABASE, VERSION, {
    upgrade: (db) =>
      void db.createObjectStore(STORE, { autoIncrement: true }).createIndex('id', 'id', { unique: true }),
    // A newer version, or someone who clears the site's data, must not wait for us.
    blocking: (_current, _blocked, event) => {
      ended();
      if (event.target instanceof IDBDatabase) event.target.close();
    },
    terminated: ended,
  });

const addTo = async (db: Database, items: readonly OutboxItem[]): Promise<null> => {
  const tx = db.transaction(STORE, 'readwrite', { durability: 'strict' });
  for (const item of items) {
    const known = await tx.store.index('id').getKey(item.id);
    if (known === undefined) await tx.store.add(item);
  }
  await tx.done;
  return null;
};

const removeFrom = async (db: Database, ids: readonly string[]): Promise<null> => {
  const tx = db.transaction(STORE, 'readwrite');
  for (const id of ids) {
    const key = await tx.store.index('id').getKey(id);
    if (key !== undefined) await tx.store.delete(key);
  }
  await tx.done;
  return null;
};

/** The outbox in a database of its own, so that nothing that befalls it touches the session's. */
export const createOutboxStore = (): OutboxStore => {
  let database: Promise<Database> | undefined;

  const within = async <T>(work: (db: Database) => Promise<T>): Promise<Result<T>> => {
    try {
      return ok(await work(await (database ??= open(() => (database = undefined)))));
    } catch (error) {
      // Whatever it was, the next call opens anew.
      void database?.then(
        (db) => db.close(),
        () => undefined,
      );
      database = undefined;
      return failed(problemOf(error));
    }
  };

  return {
    load: () => within(async (db) => (await db.getAll(STORE)).filter(isItem)),
    add: (items) => within((db) => addTo(db, items)),
    remove: (ids) => (ids.length === 0 ? Promise.resolve(ok(null)) : within((db) => removeFrom(db, ids))),
  };
};
