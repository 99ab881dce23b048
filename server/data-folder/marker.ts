import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { boolean, count, optional } from '../../src/protocol/schema/schema-types.ts';
import { errorCode, replaceFile } from './atomic-file.ts';
import { DataDirError } from './data-dir-error.ts';

/** Format of the data that this server writes. 1: servers before 0.2, which wrote no marker. */
export const FORMAT = 2;

/**
 * `store.json`: what a server must know of the store before it opens it.
 * `id`: of the store; copies have the same. `bytes`: the file had at least this size. `seenAt`: the server's time of the last
 * write of this marker. `closed`: the file as the last server left it, if it stopped in order. `keyCheck`: recognizes the
 * key of the store. `isRestored`: this is a backup that was put back, and no server has opened it since.
 */
export const STORE_MARKER = object({
  format: count,
  id: string,
  bytes: count,
  seenAt: number,
  closed: optional(object({ bytes: count, changedAt: number })),
  keyCheck: optional(string),
  isRestored: optional(boolean),
});
export type StoreMarker = Infer<typeof STORE_MARKER>;

const NAME = 'store.json';

/** `undefined`: the folder has none. Throws `DataDirError` for one that this server cannot read. */
export const readMarker = (dir: string): StoreMarker | undefined => {
  const path = join(dir, NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const marker = STORE_MARKER.read(parseJson(text));
  if (!marker)
    throw new DataDirError(
      `${path} is damaged. Restore a backup (session-keeper restore), or set DATA_DIR to another folder.`,
    );
  if (marker.format > FORMAT)
    throw new DataDirError(
      `${dir} has data of a newer server (format ${marker.format}; this server knows up to ${FORMAT}). ` +
        'Start that newer version, or restore a backup of before its first start.',
    );
  return marker;
};

export const writeMarker = (dir: string, marker: StoreMarker): void =>
  replaceFile(join(dir, NAME), `${JSON.stringify(marker, undefined, 2)}\n`);
