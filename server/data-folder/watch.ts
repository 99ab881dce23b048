import { statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailable } from '../base/store.ts';
import type { Lease } from './lease.ts';
import { RENEW_EVERY_MS } from './lease.ts';
import { readFileMeta } from './lmdb-file.ts';
import { DATA_FILE } from './store-check.ts';

/** Looks after an open store: another server, a person or a script may take, cut, replace or remove its files. */
export type StoreWatch = {
  /** Throws `StoreUnavailable` when the store is lost. Costs one system call for a write, and for some reads. */
  check(use: 'read' | 'write'): void;
  /** Size of the file. */
  bytes(): number;
  stop(): void;
};

const MARK_EVERY_MS = 10_000;
/** Many reads in a row need one look. */
const LOOK_FOR_READ_MS = 50;

const whatHappened = (file: Stats | undefined, opened: Stats, bytes: number): string | undefined => {
  if (!file) return 'was removed';
  if (file.ino !== opened.ino || file.dev !== opened.dev) return 'was replaced';
  return file.size < bytes ? `was cut from ${bytes} to ${file.size} bytes` : undefined;
};

/**
 * `mark`: writes down the size of the file. `onLost`: called once, with what happened. Afterwards nothing may use the store:
 * even to close it may end the process with a signal.
 */
export const watchStore = (
  dir: string,
  lease: Lease,
  { mark, onLost }: { mark: (bytes: number) => void; onLost: (message: string) => void },
): StoreWatch => {
  const path = join(dir, DATA_FILE);
  const opened = statSync(path);
  let { size } = opened;
  let transaction = 0n;
  let lost: string | undefined;
  let checkedAt = performance.now();

  const lose = (what: string): void => {
    if (lost !== undefined) return;
    lost = what;
    onLost(
      `${what} while the server was running. The server stops, because what it writes from now on would be lost. ` +
        'Start it again to see what is left.',
    );
  };
  const look = (): void => {
    if (lost !== undefined) return;
    const file = statSync(path, { throwIfNoEntry: false });
    const what = whatHappened(file, opened, size);
    if (what !== undefined) lose(`${path} ${what}`);
    size = Math.max(size, file?.size ?? 0);
    checkedAt = performance.now();
  };
  /** A file of the same size may be an older copy. */
  const lookInside = (): void => {
    const meta = readFileMeta(path);
    if (!meta || meta.transaction < transaction) lose(`${path} was overwritten`);
    else transaction = meta.transaction;
  };
  const beat = (): void => {
    look();
    if (lost !== undefined) return;
    try {
      if (!lease.renew()) return lose(`Another server took ${dir}`);
      lookInside();
    } catch {
      // The disk is full or cannot be read for a moment. The next beat looks again.
    }
  };

  const beats = setInterval(beat, RENEW_EVERY_MS).unref();
  const marks = setInterval(() => {
    if (lost === undefined) mark(size);
  }, MARK_EVERY_MS).unref();
  return {
    check(use) {
      const sinceMs = performance.now() - checkedAt;
      // After a stop of the whole process, another server may have taken the folder.
      if (sinceMs > RENEW_EVERY_MS) beat();
      else if (use === 'write' || sinceMs > LOOK_FOR_READ_MS) look();
      if (lost !== undefined) throw new StoreUnavailable('The data folder is lost.');
    },
    bytes: () => size,
    stop() {
      clearInterval(beats);
      clearInterval(marks);
    },
  };
};
