import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A build with one changed source file, in its own folder. */
export type Build = { readonly distDir: string; remove(): Promise<void> };

const SOURCES = [
  'src',
  'sw',
  'server',
  'cli',
  'lab',
  'bin',
  'scripts',
  'public',
  'index.html',
  'vite.config.ts',
  'package.json',
];
const CONFIGS = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'];

export const buildWith = async (file: string, edit: (source: string) => string): Promise<Build> => {
  const root = await mkdtemp(join(tmpdir(), 'keeper-build-'));
  for (const name of [...SOURCES, ...CONFIGS]) await cp(name, join(root, name), { recursive: true });
  await symlink(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  const source = await readFile(file, 'utf8');
  const edited = edit(source);
  if (edited === source) throw new Error(`The edit changed nothing in ${file}.`);
  await writeFile(join(root, file), edited);
  const vite = spawn(join('node_modules', '.bin', 'vite'), ['build', '--logLevel', 'error'], {
    cwd: root,
    stdio: 'inherit',
  });
  await once(vite, 'exit');
  if (vite.exitCode !== 0) throw new Error(`vite build ended with ${vite.exitCode}.`);
  return { distDir: join(root, 'dist'), remove: () => rm(root, { recursive: true, force: true }) };
};
