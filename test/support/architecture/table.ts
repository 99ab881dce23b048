/** The layers and their allowed imports. The docs describe them, and test/architecture checks this table. */
export type Layer = {
  name: string;
  /** Folder from the repository's root, with a trailing slash. */
  folder: string;
  may: readonly string[];
  /** Packages by name (`lit` covers `lit/…`). A trailing `*` is a prefix. `any`: no limit. */
  packages: readonly string[] | 'any';
};

const layer = (name: string, folder: string, may: readonly string[], packages: Layer['packages']): Layer => ({
  name,
  folder: `${folder}/`,
  may,
  packages,
});

export const LAYERS: readonly Layer[] = [
  layer('protocol', 'src/protocol', [], []),
  layer('core', 'src/core', ['protocol'], []),
  layer('host', 'src/host', ['core', 'protocol'], ['idb', 'oauth4webapi']),
  layer('sw', 'sw', ['host', 'core', 'protocol'], ['comlink', 'workbox-*']),
  layer('page', 'src/page', ['protocol'], ['comlink', 'trusted-types', 'workbox-window']),
  layer('vault', 'src/vault', ['page', 'core', 'protocol'], []),
  layer(
    'frameworks',
    'src/frameworks',
    ['page', 'protocol'],
    ['@angular/core', '@angular/router', 'react', 'svelte', 'vue'],
  ),
  layer('testing', 'src/testing', ['page', 'protocol'], []),
  layer('migrate', 'src/migrate', ['page', 'protocol'], []),
  layer('telemetry', 'src/telemetry', ['page', 'protocol'], []),
  layer('devtools', 'src/devtools', ['ui', 'page', 'protocol'], ['lit']),
  layer('ui', 'src/ui', ['page', 'protocol'], ['lit']),
  layer('app', 'src/app', ['ui', 'page'], ['lit']),
  layer('server', 'server', ['protocol'], 'any'),
  layer('lab', 'lab', ['protocol'], 'any'),
  layer('cli', 'cli', ['lab', 'server', 'core', 'protocol'], 'any'),
  layer('scripts', 'scripts', ['lab', 'server', 'core', 'protocol'], 'any'),
];

/** The only module through which a page imports the host, when it has no worker. It loads on demand. */
export const FALLBACK = 'src/page/in-page/in-page-host.ts';

export const layerOf = (path: string): Layer | undefined =>
  LAYERS.find((candidate) => path.startsWith(candidate.folder));
