import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { randomId } from '../base/crypto.ts';
import { errorCode, replaceFile } from './atomic-file.ts';
import { DataDirError } from './data-dir-error.ts';
import { isRunning, pidScope, startTimeOf } from './process-identity.ts';

/**
 * The right of one server to a data folder: a file with a random id, whose time the owner renews. Two servers in one folder
 * would both accept a single-use token.
 */
export type Lease = {
  /**
   * Renews the time of the file, which needs no space on the disk. Writes a file that was removed again. `false`: another
   * server has the folder.
   */
  renew(): boolean;
  /** Removes the file, if it is that of this server. */
  release(): void;
};

/** Content of the file. `pid` and `started` mean something only in the same `scope`. */
export const LEASE = object({ id: string, pid: number, started: string, scope: optional(string) });
type LeaseRecord = Infer<typeof LEASE>;

export const RENEW_EVERY_MS = 1_000;
/** A server that is busy or stopped for a moment renews late. */
const STALE_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 200;
/** A process that dies while it changes the file leaves this folder. The change takes less than a millisecond. */
const CHANGE_WITHIN_MS = 5_000;

/** Ids of the leases of this process, which may run several servers. */
const heldHere = new Set<string>();

const read = (file: string): LeaseRecord | undefined => {
  try {
    const text = readFileSync(file, 'utf8');
    const [pid = '', started = ''] = text.split(' ');
    // A server before 0.2 wrote its process id and start time.
    if (/^\d+$/.test(pid)) return { id: text, pid: Number(pid), started, scope: pidScope() };
    return LEASE.read(parseJson(text));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (errorCode(error) === 'EISDIR')
      throw new DataDirError(`${file} is a folder, but the server needs a file there. Remove or rename it.`);
    throw error;
  }
};

const renewedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** `unknown`: the owner runs elsewhere, so only its renewals say whether it does. */
const stateOf = (owner: LeaseRecord): 'alive' | 'dead' | 'unknown' => {
  if (owner.scope !== pidScope()) return 'unknown';
  if (owner.pid === process.pid && owner.started === startTimeOf(owner.pid))
    return heldHere.has(owner.id) ? 'alive' : 'dead';
  return isRunning(owner.pid) && startTimeOf(owner.pid) === owner.started ? 'alive' : 'dead';
};

/** Watches the file. Resolves with `true` when its owner has not renewed it for a while. */
const isAbandoned = async (file: string): Promise<boolean> => {
  const startedAt = performance.now();
  const first = renewedAt(file);
  while (performance.now() - startedAt < STALE_AFTER_MS) {
    await delay(LOOK_EVERY_MS);
    if (renewedAt(file) !== first) return renewedAt(file) === 0;
  }
  return true;
};

/** Runs `change` while no other server changes the file (mkdir is atomic, also over NFS). Otherwise returns `false`. */
const exclusively = (file: string, change: () => boolean): boolean => {
  const mutex = `${file}.changing`;
  try {
    mkdirSync(mutex);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const since = statSync(mutex, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Math.abs(Date.now() - since) > CHANGE_WITHIN_MS) rmdirSync(mutex);
    return false;
  }
  try {
    return change();
  } finally {
    rmdirSync(mutex);
  }
};

const inUse = (dir: string, { pid }: LeaseRecord): DataDirError =>
  new DataDirError(
    `${dir} is in use by another server (process ${pid}). Stop that server first, or set DATA_DIR to another folder.`,
  );

/** Whether a server may use the folder now. */
export const isLeased = (dir: string): boolean => {
  const owner = read(join(dir, 'lock'));
  return owner !== undefined && stateOf(owner) !== 'dead';
};

/** Takes the file of a dead owner, or none. `false`: another server is faster. */
const tryToTake = async (dir: string, file: string, mine: LeaseRecord): Promise<boolean> => {
  const owner = read(file);
  const state = owner ? stateOf(owner) : 'dead';
  if (owner && (state === 'alive' || (state === 'unknown' && !(await isAbandoned(file))))) throw inUse(dir, owner);
  return exclusively(file, () => {
    // Between the look and the change, another server may have taken the folder.
    if (read(file)?.id !== owner?.id) return false;
    // Before the file has the id, so that another server of this process finds its owner alive.
    heldHere.add(mine.id);
    replaceFile(file, JSON.stringify(mine));
    return true;
  });
};

/**
 * Takes the folder for this process. A dead owner's folder is free at once; that of an owner in another container or on
 * another machine is free when it has renewed nothing for five seconds. Rejects with `DataDirError`.
 */
export const takeLease = async (dir: string): Promise<Lease> => {
  const file = join(dir, 'lock');
  const mine: LeaseRecord = { id: randomId(), pid: process.pid, started: startTimeOf(process.pid), scope: pidScope() };
  while (!(await tryToTake(dir, file, mine))) await delay(LOOK_EVERY_MS);
  const isHeld = (): boolean => read(file)?.id === mine.id;
  const writeAgain = (): boolean => {
    if (read(file) === undefined) replaceFile(file, JSON.stringify(mine));
    return true;
  };
  return {
    renew() {
      if (read(file) === undefined) exclusively(file, writeAgain);
      if (!isHeld()) return false;
      const now = new Date();
      utimesSync(file, now, now);
      return true;
    },
    release() {
      heldHere.delete(mine.id);
      try {
        exclusively(file, () => {
          if (isHeld()) rmSync(file, { force: true });
          return true;
        });
      } catch {
        // The folder is gone, or its disk is full. The next server finds the owner dead.
      }
    },
  };
};
