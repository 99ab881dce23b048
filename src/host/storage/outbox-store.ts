import { openDB, type DBSchema, type IDBPDatabase, type IDBPIndex, type IDBPObjectStore } from 'idb';
import { OUTBOX_ITEM, type OutboxItem } from '../../core/socket/outbox.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { list } from '../../protocol/schema/schema-types.ts';
import { named, type DeploymentName } from '../runtime/deployment-name.ts';
import { storeProblem } from './store-problem.ts';

/** Publications that must survive the worker. A resolved promise means that they are on the disk. No method throws. */
export type OutboxStore = {
  /** In the order in which they were added. */
  load(): Promise<Result<readonly OutboxItem[]>>;
  /** Adds all of them or none, in this order. An id that is already there keeps its place. */
  add(items: readonly OutboxItem[]): Promise<Result<null>>;
  remove(ids: readonly string[]): Promise<Result<null>>;
};

export const OUTBOX_DATABASE = 'session-keeper-socket';
export const OUTBOX_VERSION = 1;
/** Without the items that do not fit: page script can write the database. */
export const STORED_OUTBOX = list(OUTBOX_ITEM);
const STORE = 'outbox';
/** No record has this key: generated keys start at 1. To delete it does nothing. */
const NO_KEY = 0;

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxItem; indexes: { id: string } };
}

type Database = IDBPDatabase<Schema>;

const open = (deployment: DeploymentName, onClosed: () => void): Promise<Database> =>
  openDB<Schema>(named(OUTBOX_DATABASE, deployment), OUTBOX_VERSION, {
    upgrade: (db) =>
      void db.createObjectStore(STORE, { autoIncrement: true }).createIndex('id', 'id', { unique: true }),
    // A newer worker, or a script that deletes the database, waits until this connection closes.
    blocking: (_current, _blocked, event) => {
      onClosed();
      if (event.target instanceof IDBDatabase) event.target.close();
    },
    terminated: onClosed,
  });

type Items = IDBPObjectStore<Schema, ['outbox'], 'outbox', 'readwrite'>;

type Work = (
  store: Items,
  ids: IDBPIndex<Schema, ['outbox'], 'outbox', 'id', 'readwrite'>,
) => readonly Promise<unknown>[];

/** Sends all requests before it awaits any: each answer comes from another process. The answers keep the order. */
const change =
  (durability: IDBTransactionDurability, work: Work) =>
  async (db: Database): Promise<null> => {
    const { store, done } = db.transaction(STORE, 'readwrite', { durability });
    await Promise.all([...work(store, store.index('id')), done]);
    return null;
  };

/** The outbox has its own database, so that a fault in it cannot affect the session's. */
export const createOutboxStore = (deployment: DeploymentName = { name: '' }): OutboxStore => {
  let database: Promise<Database> | undefined;

  const within = async <T>(work: (db: Database) => Promise<T>): Promise<Result<T>> => {
    try {
      return ok(await work(await (database ??= open(deployment, () => (database = undefined)))));
    } catch (error) {
      // After any error the next call opens the database again.
      void database?.then(
        (db) => db.close(),
        () => undefined,
      );
      database = undefined;
      return failed(storeProblem(error));
    }
  };

  return {
    load: () => within(async (db) => STORED_OUTBOX.read(await db.getAll(STORE)) ?? []),
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
