import { openDB, type DBSchema, type IDBPDatabase, type IDBPIndex, type IDBPObjectStore } from 'idb';
import type { OutboxItem } from '../../core/socket/outbox.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { storeProblem } from './database.ts';

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
/** A generated key is 1 or more, and what is not there can be deleted. */
const NO_KEY = 0;

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxItem; indexes: { id: string } };
}

type Database = IDBPDatabase<Schema>;

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

type Items = IDBPObjectStore<Schema, ['outbox'], 'outbox', 'readwrite'>;

type Work = (
  store: Items,
  ids: IDBPIndex<Schema, ['outbox'], 'outbox', 'id', 'readwrite'>,
) => readonly Promise<unknown>[];

/** All is asked for at once: each answer comes from another process, and they come in the order of the questions. */
const change =
  (durability: IDBTransactionDurability, work: Work) =>
  async (db: Database): Promise<null> => {
    const { store, done } = db.transaction(STORE, 'readwrite', { durability });
    await Promise.all([...work(store, store.index('id')), done]);
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
      return failed(storeProblem(error));
    }
  };

  return {
    load: () => within(async (db) => (await db.getAll(STORE)).filter(isItem)),
    add: (items) =>
      within(
        change('strict', (store, ids) => items.map(async (item) => (await ids.getKey(item.id)) ?? store.add(item))),
      ),
    remove: (removed) =>
      within(
        change('default', (store, ids) => removed.map(async (id) => store.delete((await ids.getKey(id)) ?? NO_KEY))),
      ),
  };
};
