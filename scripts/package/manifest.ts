import { compiledPath, DEVELOPMENT_ENTRIES, entriesOf, type PackageEntry, type RootManifest } from './entries.ts';
import type { CompiledModule } from './modules.ts';

/*
 * The manifest of the package. A site that installs it gets the client's libraries. What only the server kit, the lab or a
 * framework needs is an optional peer: the site has it already, or does not want it (docs/decisions/0016).
 */

/** Libraries of the client, and the types that its declarations use. */
const DEPENDENCIES = ['@types/trusted-types', 'comlink', 'idb', 'lit', 'oauth4webapi', 'workbox-window'] as const;

/** The oldest version of each optional peer that works. */
const OPTIONAL_PEERS: Readonly<Record<string, string>> = {
  '@angular/core': '>=17',
  '@angular/router': '>=17',
  '@playwright/test': '>=1.60',
  '@types/node': '>=20',
  lmdb: '>=3.5',
  'playwright-core': '>=1.60',
  react: '>=18',
  svelte: '>=4',
  vite: '>=5',
  vue: '>=3.3',
};

const KEPT_FIELDS = ['name', 'version', 'description', 'keywords', 'license', 'author', 'type', 'engines'] as const;

/** Files of the repository that the package has at its root. */
export const ROOT_FILES = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'THIRD-PARTY-NOTICES.md'] as const;

export const COMMAND_PATH = 'bin/session-keeper.js';

const exportsOf = (entries: readonly PackageEntry[]): Record<string, unknown> => ({
  ...Object.fromEntries(
    entries.map(({ specifier, source }) => {
      const path = `./${compiledPath(source)}`;
      const types = path.replace(/\.js$/, '.d.ts');
      const otherwise = DEVELOPMENT_ENTRIES[specifier];
      if (otherwise === undefined) return [specifier, { types, default: path }];
      return [specifier, { types, development: path, default: `./${compiledPath(otherwise)}` }];
    }),
  ),
  './ready/*': './ready/*',
  './package.json': './package.json',
});

/** Throws for a package that a module imports and that a user would not have. */
const assertComplete = (modules: readonly CompiledModule[]): void => {
  for (const { path, packages } of modules) {
    const missing = packages.find(
      (name) => !(DEPENDENCIES as readonly string[]).includes(name) && !OPTIONAL_PEERS[name],
    );
    if (missing) throw new Error(`${path} imports ${missing}. Name it in scripts/package/manifest.ts.`);
  }
};

const versionOf = ({ dependencies, devDependencies }: RootManifest, name: string): string => {
  const version = dependencies[name] ?? devDependencies[name];
  if (version === undefined) throw new Error(`package.json does not have ${name}.`);
  return version;
};

export const packageManifest = (root: RootManifest, modules: readonly CompiledModule[]): Record<string, unknown> => {
  assertComplete(modules);
  const elements = modules.filter(({ definesElement }) => definesElement).map(({ path }) => `./lib/${path}`);
  return {
    ...Object.fromEntries(KEPT_FIELDS.map((field) => [field, root[field]])),
    bin: { 'session-keeper': COMMAND_PATH },
    files: ['bin', 'lib', 'ready', ...ROOT_FILES],
    // Only a module that defines an element does something when it is imported.
    sideEffects: [...elements, './ready/*.js', `./${COMMAND_PATH}`],
    exports: exportsOf(entriesOf(root)),
    dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, versionOf(root, name)])),
    peerDependencies: OPTIONAL_PEERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(OPTIONAL_PEERS).map((name) => [name, { optional: true }])),
  };
};
