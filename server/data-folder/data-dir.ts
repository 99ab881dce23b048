import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The data folder cannot be used. Two servers in one folder would both accept a single-use token. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

const lockedHere = new Set<string>();

/** Start time of a process in clock ticks (proc(5), field 22). A later process with the same id has another one. */
const startTimeOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const isLocked = (owner: string, dir: string): boolean => {
  const [pidText = '', startTime = ''] = owner.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (pid === process.pid && startTime === startTimeOf(pid)) return lockedHere.has(dir);
  return isAlive(pid) && startTimeOf(pid) === startTime;
};

const lock = (dir: string, file: string): void => {
  const mine = `${process.pid} ${startTimeOf(process.pid)}`;
  try {
    writeFileSync(file, mine, { flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const owner = readFileSync(file, 'utf8');
    if (isLocked(owner, dir))
      throw new DataDirError(`${dir} is in use by another server (process ${owner.split(' ')[0]}).`);
    // A server that was killed left its lock file behind.
    writeFileSync(file, mine);
  }
};

/** Creates the folder and locks it for this process. Returns its absolute path, and a function that unlocks it. */
export const lockDataDir = (path: string): { dir: string; release: () => void } => {
  const dir = resolve(path);
  const file = join(dir, 'lock');
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    lock(dir, file);
  } catch (error) {
    if (error instanceof DataDirError) throw error;
    throw new DataDirError(`${dir} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  lockedHere.add(dir);
  return {
    dir,
    release() {
      lockedHere.delete(dir);
      rmSync(file, { force: true });
    },
  };
};
