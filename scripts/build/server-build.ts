import { cp, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { rolldown } from 'rolldown';
import type { Plugin } from 'vite';

/**
 * Builds the server and the command line to plain JavaScript, one file for each module, so that production needs neither a
 * compiler nor a loader. The folder lies in that of the application, because one build belongs to one build. Its name
 * starts with a dot: the server serves no such path.
 */
const SERVER_FOLDER = '.server';
const ENTRIES = { 'server/main': 'server/main.ts', 'cli/cli': 'cli/cli.ts' };
/** What the server reads beside its modules, by `import.meta.url`. */
const ASSETS = 'server/assets';

const isPackage = (id: string): boolean => !id.startsWith('.') && !isAbsolute(id);

const buildServer = async (root: string, outDir: string): Promise<void> => {
  const dir = join(outDir, SERVER_FOLDER);
  await rm(dir, { recursive: true, force: true });
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(root, file)]));
  const bundle = await rolldown({ input, platform: 'node', external: isPackage });
  try {
    await bundle.write({ dir, format: 'esm', preserveModules: true, preserveModulesRoot: root });
  } finally {
    await bundle.close();
  }
  await cp(join(root, ASSETS), join(dir, ASSETS), { recursive: true });
};

/** Builds the server after the application, which empties the folder. */
export const serverBuild = (): Plugin => {
  const config = { root: '', outDir: '' };
  return {
    name: 'keeper-server-build',
    apply: 'build',
    configResolved: ({ root, build }) => {
      config.root = root;
      config.outDir = isAbsolute(build.outDir) ? build.outDir : join(root, build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler: () => buildServer(config.root, config.outDir),
    },
  };
};
