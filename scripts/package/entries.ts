import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, parseJson } from '../../src/protocol/schema/json.ts';

/** The manifest of this repository, as far as the package repeats it. */
export type RootManifest = {
  name: string;
  version: string;
  exports: Readonly<Record<string, string>>;
  dependencies: Readonly<Record<string, string>>;
  devDependencies: Readonly<Record<string, string>>;
  [field: string]: unknown;
};

/** One way to import the package: `specifier` is `.` or `./sw`, `source` is a path from the root of the repository. */
export type PackageEntry = { specifier: string; source: string };

/** Throws for a file that is no manifest with exports. */
export const readManifest = async (root: string): Promise<RootManifest> => {
  const manifest = parseJson(await readFile(join(root, 'package.json'), 'utf8'));
  if (!isObject(manifest) || !isObject(manifest['exports'])) throw new Error('package.json has no exports.');
  return manifest as RootManifest;
};

/** The one list of entries is `exports` in package.json: each names the source of an entry. */
export const entriesOf = ({ exports }: RootManifest): readonly PackageEntry[] =>
  Object.entries(exports).flatMap(([specifier, source]) =>
    source.endsWith('.ts') || source.endsWith('.tsx') ? [{ specifier, source: source.replace(/^\.\//, '') }] : [],
  );

/**
 * Entries for development, with what a production build gets in their place. Bundlers know which one it is by the condition
 * `development` (https://nodejs.org/api/packages.html#community-conditions-definitions).
 */
export const DEVELOPMENT_ENTRIES: Readonly<Record<string, string>> = { './devtools': 'src/devtools/absent.ts' };

/** Where a compiled module is in the package: `src/page/index.ts` becomes `lib/src/page/index.js`. */
export const compiledPath = (source: string): string => `lib/${source.replace(/\.tsx?$/, '.js')}`;
