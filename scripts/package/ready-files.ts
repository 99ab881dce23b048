import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PULSE_SCRIPT } from '../../src/protocol/bridge/bridge-constants.ts';
import { bundleScript } from '../build/bundle-script.ts';
import { PAGE_GROUPS, sha256, type ScriptEntry } from '../build/script-entry.ts';

/** Their parts lie in one folder beside them, whose name no site has already. */
const FOLDER = 'keeper';
/** A worker finds its parts beside itself, at any path of a site. */
const BASE = './';
const ID_LENGTH = 16;

const worker = (file: string, source: string): ScriptEntry => ({
  file,
  source,
  format: 'worker',
  tsconfig: 'sw/tsconfig.json',
  precache: false,
  baked: true,
  folder: FOLDER,
});
const module = (file: string, source: string, layer: 'page' | 'ui' | 'vault'): ScriptEntry => ({
  file,
  source,
  format: 'es',
  tsconfig: `src/${layer}/tsconfig.json`,
  precache: false,
  baked: false,
  folder: FOLDER,
});

/** Scripts for sites without a bundler. */
const READY: readonly ScriptEntry[] = [
  worker('keeper-sw.js', 'sw/keeper-sw.ts'),
  worker('keeper-session-sw.js', 'sw/keeper-session-sw.ts'),
  { ...module('keeper.js', 'src/page/index.ts', 'page'), groups: PAGE_GROUPS },
  module('keeper-elements.js', 'src/ui/elements.ts', 'ui'),
  module('keeper-vault.js', 'src/vault/vault.ts', 'vault'),
  module('embed.js', 'src/page/embed.ts', 'page'),
];

/** Writes the ready scripts, their parts and their source maps to `dir`. Returns the names of the scripts. */
export const writeReadyFiles = async (root: string, dir: string): Promise<readonly string[]> => {
  const bundleAll = (build: string) =>
    Promise.all(READY.map((entry) => bundleScript(root, entry, 'production', { build, precache: [], base: BASE })));
  // The scripts contain the build's id, so the id is the hash of the scripts without it.
  const draft = await bundleAll('');
  const build = sha256(draft.map(({ code }) => code).join('\n'), 'hex').slice(0, ID_LENGTH);
  for (const { files } of await bundleAll(build)) {
    for (const { fileName, source } of files) {
      const path = join(dir, fileName);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, source);
    }
  }
  await copyFile(join(root, 'public', PULSE_SCRIPT), join(dir, PULSE_SCRIPT));
  return [...READY.map(({ file }) => file), PULSE_SCRIPT];
};
