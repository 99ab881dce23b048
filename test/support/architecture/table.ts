/** The rooms of the house and the arrows between them: docs and design say it in words, this table is tested. */
export type Room = {
  name: string;
  /** Folder from the repository's root, with a trailing slash. */
  folder: string;
  may: readonly string[];
  /** Packages by name (`lit` covers `lit/…`); a trailing `*` covers all that begin so. `any`: no wall here. */
  packages: readonly string[] | 'any';
};

const room = (name: string, folder: string, may: readonly string[], packages: Room['packages']): Room => ({
  name,
  folder: `${folder}/`,
  may,
  packages,
});

export const ROOMS: readonly Room[] = [
  room('protocol', 'src/protocol', [], ['valibot']),
  room('core', 'src/core', ['protocol'], []),
  room('host', 'src/host', ['core', 'protocol'], ['idb', 'oauth4webapi']),
  room('sw', 'sw', ['host', 'core', 'protocol'], ['comlink', 'workbox-*']),
  room('page', 'src/page', ['protocol'], ['comlink', 'workbox-window']),
  room('ui', 'src/ui', ['page', 'protocol'], ['lit']),
  room('app', 'src/app', ['ui', 'page'], ['lit']),
  room('server', 'server', ['protocol'], 'any'),
  room('cli', 'cli', ['protocol'], 'any'),
  room('scripts', 'scripts', ['server', 'protocol'], 'any'),
];

/** The one door from a page to the host, for a page without a worker. It is loaded only when it is needed. */
export const FALLBACK = 'src/page/in-page/in-page-host.ts';

export const roomOf = (path: string): Room | undefined => ROOMS.find((candidate) => path.startsWith(candidate.folder));
