import { serializeRecord } from '../../core/session/session-record.ts';
import type { SessionRecord } from '../../core/session/session-types.ts';
import type { Problem } from '../../protocol/problem.ts';
import { resolveAfter } from '../../protocol/timing/timer.ts';
import type { Disk } from './database.ts';
import { createRowOpener, generationOfRecord, isRow, SESSION_CONTEXT, type SessionRow } from './session-row.ts';
import { storeProblem } from './store-problem.ts';
import type { Sealer } from './encryption.ts';
import { CURRENT, LOCAL_KEY, type FirstRead } from './first-read.ts';

const ASIDE = 'aside';

/** Attempts of one write, and the pause between them. Together they stay below the 15 s that a request waits. */
const WRITE_ATTEMPTS = 3;
const WRITE_PAUSE_MS = 150;

export type Loaded = { saved: SessionRecord | undefined; problem?: Problem | undefined };
export type SaveOutcome =
  | { type: 'saved' }
  | { type: 'superseded'; saved: SessionRecord }
  | { type: 'failed'; problem: Problem };

export type SessionStore = {
  /** Rejects only when the disk could not be read. A record that does not open is set aside, and `problem` says so. */
  load(): Promise<Loaded>;
  /** The record, if there is one and it opens. Changes nothing. */
  peek(): Promise<SessionRecord | undefined>;
  /** Writes the record unless the disk holds a newer generation (compare and set). Durable and read back. */
  save(record: SessionRecord): Promise<SaveOutcome>;
  /** The sealed row as it is on the disk, for a copy in a native store. */
  row(): Promise<SessionRow | undefined>;
  /** Writes a copy back if the disk holds no row. Rejects if the copy does not open. */
  restore(row: SessionRow): Promise<boolean>;
};

const sameBytes = (a: ArrayBuffer, b: ArrayBuffer): boolean => {
  const [left, right] = [new Uint8Array(a), new Uint8Array(b)];
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
};

const sameRow = (a: unknown, b: unknown): boolean =>
  isRow(a) && isRow(b) ? sameBytes(a.sealed.data, b.sealed.data) : isRow(a) === isRow(b);

export type SessionStoreOptions = {
  /** What the worker has read at its start. The first `load` uses it, and each later one reads again. */
  firstRead?: FirstRead | undefined;
  /** Seals sessions of kinds that depend on no provider. So another OpenID client cannot make them unreadable. */
  withoutProvider?: Sealer;
  /** Name of this deployment, for the rows that it writes. */
  deployment?: string | undefined;
  /** Goes back to the database of a former name, if this deployment's session is there. */
  returnToFormer?(): Promise<boolean>;
};

const noFormer = async (): Promise<boolean> => false;

export const createSessionStore = (disk: Disk, sealer: Sealer, options: SessionStoreOptions = {}): SessionStore => {
  const { firstRead, withoutProvider = sealer, deployment, returnToFormer = noFormer } = options;

  const bindingFor = (record: SessionRecord): 'provider' | 'none' => {
    const kind = record.state === 'signed-in' ? record.session.kind : record.kind;
    return kind === 'oidc' ? 'provider' : 'none';
  };
  const open = createRowOpener(sealer, withoutProvider);

  const read = (): Promise<unknown> => disk.use((db) => db.get('session', CURRENT));

  /** Keeps one unreadable row for diagnosis. It moves only the row that was read: another worker may have replaced it. */
  const setAside = (row: unknown): Promise<unknown> =>
    disk.use(async (db) => {
      const tx = db.transaction('session', 'readwrite');
      if (sameRow(await tx.store.get(CURRENT), row)) {
        await Promise.all([tx.store.put(row, ASIDE), tx.store.delete(CURRENT)]);
      }
      await tx.done;
    });

  /** The row and its key in one transaction. A request waits for both after a restart of the worker. */
  const readWithKey = async (): Promise<unknown> => {
    const first = firstRead?.takeRows();
    const rows = first && (await disk.within(first).catch(() => undefined));
    if (!rows) return readRowAndKey();
    sealer.useStored(rows.key);
    return rows.session;
  };

  const readRowAndKey = (): Promise<unknown> =>
    disk.use(async (db) => {
      const tx = db.transaction(['session', 'keys']);
      const [row, key] = await Promise.all([
        tx.objectStore('session').get(CURRENT),
        tx.objectStore('keys').get(LOCAL_KEY),
      ]);
      sealer.useStored(key);
      return row;
    });

  const load = async (): Promise<Loaded> => {
    let row = await readWithKey();
    if (row === undefined && (await returnToFormer().catch(() => false))) row = await readRowAndKey();
    if (row === undefined) return { saved: undefined };
    try {
      const saved = await open(row);
      // The server has replaced the key. Sealed with the new one, the record outlives the old key.
      if (isRow(row) && row.sealed.key !== sealer.key) await save(saved);
      return { saved };
    } catch (error) {
      const detail = error instanceof Error ? error.name : 'Error';
      // A record under an unknown key (InvalidAccessError) is not broken: a worker with that key may come back.
      if (detail !== 'InvalidAccessError') await setAside(row);
      return { saved: undefined, problem: { code: 'store-unreadable', detail } };
    }
  };

  /** One transaction compares and writes, so that the newer record of two workers always wins. */
  const write = (row: SessionRow, ends: boolean): Promise<SessionRow | undefined> =>
    disk.use(async (db) => {
      const tx = db.transaction('session', 'readwrite', { durability: 'strict' });
      const before = await tx.store.get(CURRENT);
      const newer = isRow(before) && before.generation > row.generation ? before : undefined;
      if (!newer) await tx.store.put(row, CURRENT);
      if (ends) await tx.store.delete(ASIDE);
      await tx.done;
      return newer;
    });

  const attempt = async (record: SessionRecord): Promise<SaveOutcome> => {
    const binding = bindingFor(record);
    const own = binding === 'none' ? withoutProvider : sealer;
    const row: SessionRow = {
      generation: generationOfRecord(record),
      sealed: await own.seal(serializeRecord(record), SESSION_CONTEXT),
      binding,
      deployment,
    };
    const newer = await write(row, record.state === 'signed-out');
    if (newer) {
      const saved = await open(newer).catch(() => undefined);
      if (saved) return { type: 'superseded', saved };
      // A newer row that does not open must not block sign-ins for ever.
      await setAside(newer);
      return attempt(record);
    }
    // A write can report success and store nothing. Only a row that reads back counts as saved.
    const back = await read();
    if (sameRow(back, row)) return { type: 'saved' };
    if (isRow(back) && back.generation > row.generation) return attempt(record);
    return { type: 'failed', problem: { code: 'store-unavailable', detail: 'not read back' } };
  };

  const save = async (record: SessionRecord): Promise<SaveOutcome> => {
    for (let tried = 1; ; tried++) {
      const outcome = await attempt(record).catch((error: unknown): SaveOutcome => ({
        type: 'failed',
        problem: storeProblem(error),
      }));
      if (outcome.type !== 'failed' || tried === WRITE_ATTEMPTS) return outcome;
      await resolveAfter(WRITE_PAUSE_MS * tried);
    }
  };

  return {
    load,
    peek: async () => open(await readWithKey()).catch(() => undefined),
    save,
    async row() {
      const row = await read();
      return isRow(row) ? row : undefined;
    },
    async restore(row) {
      await open(row);
      return disk.use(async (db) => {
        const tx = db.transaction('session', 'readwrite', { durability: 'strict' });
        const empty = (await tx.store.get(CURRENT)) === undefined;
        if (empty) await tx.store.put(row, CURRENT);
        await tx.done;
        return empty;
      });
    },
  };
};
