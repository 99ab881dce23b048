import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Fixture = { root: string; write(path: string, text: string): Promise<void>; remove(): Promise<void> };

/** A throwaway project folder. */
export const createFixture = async (files: Record<string, string>): Promise<Fixture> => {
  const root = await mkdtemp(join(tmpdir(), 'keeper-fixture-'));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return { root, write, remove: () => rm(root, { recursive: true, force: true }) };
};
