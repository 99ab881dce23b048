import { hkdfSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hmac, randomId } from '../base/crypto.ts';
import { errorCode } from './atomic-file.ts';
import { DataDirError } from './data-dir-error.ts';

/**
 * Where the key of a data folder comes from. It is never in the folder itself: a copy of the folder, such as a backup, must
 * not be everybody's session.
 */
export type KeySource = {
  /** The key itself, any long random text. */
  secret?: string | undefined;
  /** A file that contains it. Default: a file beside the data folder. */
  keyFile?: string | undefined;
};

export type FolderKeys = {
  /** A key for one use. */
  derive(use: string): Buffer;
  /** Recognizes the key later. It does not reveal it. */
  check: string;
  /** The key file that was written now, if one was. */
  created: string | undefined;
};

const MIN_LENGTH = 32;
const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

export const defaultKeyFile = (dir: string, storeId: string): string =>
  join(dirname(dir), `session-keeper-${storeId}.key`);

/** `isOwn`: the server chose the place. A mounted secret is readable by all of its container (Docker: mode 0444). */
const readSecret = (file: string, isOwn: boolean): string | undefined => {
  try {
    const secret = readFileSync(file, 'utf8').trim();
    if (isOwn && (statSync(file).mode & OTHERS) !== 0)
      throw new DataDirError(`Others can read the key file ${file}. Run: chmod 600 ${file}`);
    return secret;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof DataDirError) throw error;
    throw new DataDirError(
      `The key file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

/** Two servers that start at the same time get the same key: only one of them can link its file to the name. */
export const createKeyFile = (file: string): string => {
  const temporary = `${file}.${randomId(6)}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { flag: 'wx', mode: OWNER_ONLY });
    linkSync(temporary, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST')
      throw new DataDirError(
        `The key file ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}. ` +
          `Set KEEPER_SECRET to a random text of at least ${MIN_LENGTH} characters, or KEEPER_KEY_FILE to another path. ` +
          'Keep it outside of the data folder.',
      );
  } finally {
    rmSync(temporary, { force: true });
  }
  const secret = readSecret(file, false);
  if (secret === undefined) throw new DataDirError(`The key file ${file} disappeared.`);
  return secret;
};

const keysOf = (secret: string, storeId: string, created?: string): FolderKeys => {
  if (secret.length < MIN_LENGTH)
    throw new DataDirError(`KEEPER_SECRET, or the key file, needs at least ${MIN_LENGTH} characters.`);
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, storeId, `session-keeper ${use}`, KEY_BYTES));
  return { derive, check: hmac(derive('check'), storeId), created };
};

/**
 * The keys of a store. `keyCheck`: that of the marker, if the store has a key already; then no new one is made.
 * Throws `DataDirError` for a key that is missing or of another store.
 */
export const openKeys = (dir: string, storeId: string, keyCheck: string | undefined, source: KeySource): FolderKeys => {
  const file = source.keyFile ?? defaultKeyFile(dir, storeId);
  const origin = source.secret === undefined ? `the key file ${file}` : 'KEEPER_SECRET';
  const secret = source.secret ?? readSecret(file, source.keyFile === undefined);
  if (secret === undefined && keyCheck !== undefined)
    throw new DataDirError(
      `${dir} was written with a key, but ${origin} does not exist. Put the key file back, or set KEEPER_SECRET to its ` +
        'content. Without the key, the sessions and secrets of this folder cannot be used.',
    );
  const isNew = secret === undefined;
  const keys = keysOf(secret ?? createKeyFile(file), storeId, isNew ? file : undefined);
  if (keyCheck !== undefined && keys.check !== keyCheck)
    throw new DataDirError(`${dir} was written with another key than ${origin}. Use the key of this folder.`);
  return keys;
};
