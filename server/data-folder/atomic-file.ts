import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { randomId } from '../base/crypto.ts';

const OWNER_ONLY = 0o600;
const SUFFIX_BYTES = 6;

/** Replaces a file at once: a crash or a full disk leaves the old content, and never half of the new one. */
export const replaceFile = (path: string, text: string): void => {
  const temporary = `${path}.${randomId(SUFFIX_BYTES)}`;
  try {
    const file = openSync(temporary, 'wx', OWNER_ONLY);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
};

export const errorCode = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
