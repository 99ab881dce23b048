import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ended, start } from '../process/run.ts';
import { DEVELOPMENT_ENTRIES, entriesOf, readManifest } from './entries.ts';
import { COMMAND_PATH, packageManifest, ROOT_FILES } from './manifest.ts';
import { compileModules } from './modules.ts';
import { writeReadyFiles } from './ready-files.ts';
import { copyTypings, LAYER_PROJECTS } from './typings.ts';

/** The folder that `npm run pack` packs. */
export const packageFolder = (root: string): string => join(root, '.cache', 'package');

const COMMAND = 'cli/cli.ts';
const COMMAND_TEXT = `#!/usr/bin/env node
import { main } from '../lib/cli/cli.js';
// \`process.exit()\` would discard output that a pipe has not read yet.
process.exitCode = await main(process.argv.slice(2));
`;

const writeCommand = async (dir: string): Promise<void> => {
  const path = join(dir, COMMAND_PATH);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, COMMAND_TEXT);
  await chmod(path, 0o755);
};

/** The compiler writes the declarations of each layer. Its output is no part of a packed tarball's name on standard output. */
const emitTypings = async (): Promise<void> => {
  const code = await ended(start('tsc', ['-b', ...LAYER_PROJECTS], { stdout: 'stderr' }));
  if (code !== 0) throw new Error('The sources have type errors, so there is no package.');
};

/** Builds the package: compiled modules, declarations, ready scripts, the command, and a manifest of its own. */
export const buildPackage = async (root: string): Promise<string> => {
  const dir = packageFolder(root);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const manifest = await readManifest(root);
  const sources = entriesOf(manifest).map(({ source }) => source);
  await emitTypings();
  const modules = await compileModules({
    root,
    sources: [...sources, ...Object.values(DEVELOPMENT_ENTRIES), COMMAND],
    dir: join(dir, 'lib'),
  });
  await copyTypings(root, sources, join(dir, 'lib'));
  await writeReadyFiles(root, join(dir, 'ready'));
  await writeCommand(dir);
  for (const file of ROOT_FILES) await copyFile(join(root, file), join(dir, file));
  await writeFile(join(dir, 'package.json'), `${JSON.stringify(packageManifest(manifest, modules), undefined, 2)}\n`);
  return dir;
};
