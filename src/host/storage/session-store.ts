import { parseSaved } from '../../core/session/parse-record.ts';
import type { Saved } from '../../core/session/session-types.ts';
import { isObject } from '../../protocol/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import { storeProblem, type Disk, type SessionRow } from './database.ts';
import type { Sealer } from './encryption.ts';

const CURRENT = 'current';
const ASIDE = 'aside';
const CONTEXT = 'session';

/** Each new attempt at a write waits a little longer; all of them together stay under the caller's patience. */
const WRITE_ATTEMPTS = 3;
const WRITE_PAUSE_MS = 150;

export type Loaded = { saved: Saved | undefined; problem?: Problem | undefined };
export type SaveOutcome =
  | { type: 'saved' }
  | { type: 'superseded'; saved: Saved }
  | { type: 'failed'; problem: Problem };

export type SessionStore = {
  /** Rejects only when the disk could not be read; what cannot be opened is set aside and told. */
  load(): Promise<Loaded>;
  /** Compare and set: a record is written unless the disk holds a newer generation. Durable and read back. */
  save(record: Saved): Promise<SaveOutcome>;
  /** The sealed row as it is on the disk, for a copy elsewhere. */
  row(): Promise<SessionRow | undefined>;
  /** Takes a copy back if the disk has nothing and the copy opens. */
  restore(row: SessionRow): Promise<boolean>;
};

export const generationOfSaved = (saved: Saved): number =>
  saved.at === 'session' ? saved.session.generation : saved.generation;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const sameBytes = (a: ArrayBuffer, b: ArrayBuffer): boolean => {
  const [left, right] = [new Uint8Array(a), new Uint8Array(b)];
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
};

/** Page script can write the database, so a row may be anything. */
const isRow = (value: unknown): value is SessionRow =>
  isObject(value) &&
  typeof value['generation'] === 'number' &&
  isObject(value['sealed']) &&
  value['sealed']['data'] instanceof ArrayBuffer;

const sameRow = (a: unknown, b: unknown): boolean =>
  isRow(a) && isRow(b) ? sameBytes(a.sealed.data, b.sealed.data) : isRow(a) === isRow(b);

export const createSessionStore = (disk: Disk, sealer: Sealer): SessionStore => {
  const read = (): Promise<unknown> => disk.use((db) => db.get('session', CURRENT));

  /** The generation in clear decides which of two rows is newer, so it must be the sealed one. */
  const open = async (row: unknown): Promise<Saved> => {
    const saved = isRow(row) && parseSaved(await sealer.open(row.sealed, CONTEXT));
    if (saved && generationOfSaved(saved) === row.generation) return saved;
    throw new DOMException('record', 'DataError');
  };

  /** Kept for whoever looks into it, one at most; and only what was looked at: another worker may have written since. */
  const setAside = (row: unknown): Promise<unknown> =>
    disk.use(async (db) => {
      const tx = db.transaction('session', 'readwrite');
      if (sameRow(await tx.store.get(CURRENT), row)) {
        await Promise.all([tx.store.put(row, ASIDE), tx.store.delete(CURRENT)]);
      }
      await tx.done;
    });

  const load = async (): Promise<Loaded> => {
    const row = await read();
    if (row === undefined) return { saved: undefined };
    try {
      const saved = await open(row);
      // Its key was replaced on the server: sealed anew, it outlives that key.
      if (isRow(row) && row.sealed.key !== sealer.key) await save(saved);
      return { saved };
    } catch (error) {
      const detail = error instanceof Error ? error.name : 'Error';
      // Sealed with another key (InvalidAccessError) is not broken: a worker with that key may come back.
      if (detail !== 'InvalidAccessError') await setAside(row);
      return { saved: undefined, problem: { code: 'store-unreadable', detail } };
    }
  };

  /** One transaction decides and writes, so that of two workers the newer record always wins. */
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

  const attempt = async (record: Saved): Promise<SaveOutcome> => {
    const row: SessionRow = { generation: generationOfSaved(record), sealed: await sealer.seal(record, CONTEXT) };
    const newer = await write(row, record.at === 'signed-out');
    if (newer) {
      const saved = await open(newer).catch(() => undefined);
      if (saved) return { type: 'superseded', saved };
      // A newer row that nobody can open must not stand in the way for ever.
      await setAside(newer);
      return attempt(record);
    }
    // Not throwing is not having saved: what counts is what can be read back.
    const back = await read();
    if (sameRow(back, row)) return { type: 'saved' };
    if (isRow(back) && back.generation > row.generation) return attempt(record);
    return { type: 'failed', problem: { code: 'store-unavailable', detail: 'not read back' } };
  };

  const save = async (record: Saved): Promise<SaveOutcome> => {
    for (let tried = 1; ; tried++) {
      const outcome = await attempt(record).catch((error: unknown): SaveOutcome => ({
        type: 'failed',
        problem: storeProblem(error),
      }));
      if (outcome.type !== 'failed' || tried === WRITE_ATTEMPTS) return outcome;
      await pause(WRITE_PAUSE_MS * tried);
    }
  };

  return {
    load,
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
