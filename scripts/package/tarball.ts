import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isObject, parseJson, stringAt } from '../../src/protocol/schema/json.ts';

const run = promisify(execFile);

/** Whether the hooks `prepack` and `postpack` run for `npm pack`. npm runs them around `npm run pack` too. */
export const isPacking = (): boolean => !process.env['npm_command']?.startsWith('run');

/** Packs the folder, whose manifest has no scripts. Returns the path of the tarball in `destination`. */
export const packFolder = async (folder: string, destination: string): Promise<string> => {
  const args = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination];
  const { stdout } = await run('npm', args, { shell: process.platform === 'win32' });
  const packed = parseJson(stdout);
  const list: readonly unknown[] = Array.isArray(packed) ? packed : isObject(packed) ? Object.values(packed) : [];
  const [first] = list;
  const name = isObject(first) ? stringAt(first, 'filename') : undefined;
  if (name === undefined) throw new Error(`npm pack answered: ${stdout}`);
  return join(destination, name);
};
