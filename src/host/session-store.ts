import { parseSaved } from '../core/record.ts';
import type { Saved } from '../core/session-types.ts';
import type { Problem } from '../protocol/problem.ts';
import { storeProblem, type Disk, type SessionRow } from './database.ts';
import type { Sealer } from './seal.ts';

const CURRENT = 'current';
const CONTEXT = 'session';

/** Each new attempt at a write waits a little longer; all of them together stay under the caller's patience. */
const WRITE_ATTEMPTS = 3;
const WRITE_PAUSE_MS = 150;

export type Loaded = { saved: Saved | undefined; problem?: Problem | undefined };
export type SaveOutcome = { is: 'saved' } | { is: 'superseded'; saved: Saved } | { is: 'failed'; problem: Problem };

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

export const createSessionStore = (disk: Disk, sealer: Sealer, now: () => number): SessionStore => {
  const read = (): Promise<SessionRow | undefined> => disk.use((db) => db.get('session', CURRENT));

  /** The generation in clear decides which of two rows is newer, so it must be the sealed one. */
  const open = async (row: SessionRow): Promise<Saved> => {
    const saved = parseSaved(await sealer.open(row.sealed, CONTEXT));
    if (!saved || generationOfSaved(saved) !== row.generation) throw new DOMException('record', 'DataError');
    return saved;
  };

  const setAside = (row: SessionRow): Promise<unknown> =>
    disk.use(async (db) => {
      const tx = db.transaction('session', 'readwrite');
      await Promise.all([tx.store.put(row, `aside:${now()}`), tx.store.delete(CURRENT), tx.done]);
    });

  const load = async (): Promise<Loaded> => {
    const row = await read();
    if (!row) return { saved: undefined };
    try {
      const saved = await open(row);
      // Its key was replaced on the server: sealed anew, it outlives that key.
      if (row.sealed.key !== sealer.key) await save(saved);
      return { saved };
    } catch (error) {
      const detail = error instanceof Error ? error.name : 'Error';
      // Sealed with another key (InvalidAccessError) is not broken: a worker with that key may come back.
      if (detail !== 'InvalidAccessError') await setAside(row);
      return { saved: undefined, problem: { code: 'store-unreadable', detail } };
    }
  };

  /** One transaction decides and writes, so that of two workers the newer record always wins. */
  const write = (row: SessionRow): Promise<SessionRow | undefined> =>
    disk.use(async (db) => {
      const tx = db.transaction('session', 'readwrite', { durability: 'strict' });
      const before = await tx.store.get(CURRENT);
      const newer = before !== undefined && before.generation > row.generation ? before : undefined;
      if (!newer) await tx.store.put(row, CURRENT);
      await tx.done;
      return newer;
    });

  const attempt = async (record: Saved): Promise<SaveOutcome> => {
    const row: SessionRow = { generation: generationOfSaved(record), sealed: await sealer.seal(record, CONTEXT) };
    const newer = await write(row);
    if (newer) {
      const saved = await open(newer).catch(() => undefined);
      if (saved) return { is: 'superseded', saved };
      // A newer row that nobody can open must not stand in the way for ever.
      await setAside(newer);
      return attempt(record);
    }
    // Not throwing is not having saved (design, bug 1): what counts is what can be read back.
    const back = await read();
    if (back && sameBytes(back.sealed.data, row.sealed.data)) return { is: 'saved' };
    if (back && back.generation > row.generation) return attempt(record);
    return { is: 'failed', problem: { code: 'store-unavailable', detail: 'not read back' } };
  };

  const save = async (record: Saved): Promise<SaveOutcome> => {
    for (let tried = 1; ; tried++) {
      const outcome = await attempt(record).catch((error: unknown): SaveOutcome => ({
        is: 'failed',
        problem: storeProblem(error),
      }));
      if (outcome.is !== 'failed' || tried === WRITE_ATTEMPTS) return outcome;
      await pause(WRITE_PAUSE_MS * tried);
    }
  };

  return {
    load,
    save,
    row: read,
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
