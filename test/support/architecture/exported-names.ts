import type { Module } from './module.ts';
import { layerOf } from './table.ts';

/** Names that two modules of the product export on purpose, each with the reason. */
export const SHARED_NAMES: ReadonlyMap<string, string> = new Map([
  [
    'KeeperSocket',
    'the public class of src/page/socket-class.ts makes sockets of the class in src/page/realtime, which loads later',
  ],
  ...['SessionGate', 'SignedIn', 'SignedOut', 'requireSession', 'useKeeper', 'useSession'].map(
    (name) => [name, 'each framework has it, and an app uses one framework'] as const,
  ),
  ['mountDevtools', 'a production build gets the one that does nothing'],
  ['createSealer', 'the server kit has it as a public name; the one of the worker seals records with what it derived'],
]);

/** One sentence for each name that several modules define for different things. A re-export defines nothing. */
export const namesDefinedTwice = (modules: readonly Module[]): string[] => {
  const owners = new Map<string, Set<string>>();
  for (const { path, parsed } of modules) {
    if (!layerOf(path)) continue;
    const names = parsed.module.staticExports
      .flatMap(({ entries }) => entries)
      .filter(({ moduleRequest, exportName }) => !moduleRequest && exportName.kind === 'Name')
      .map(({ exportName }) => exportName.name);
    for (const name of names)
      if (name !== null && name !== 'default') owners.set(name, (owners.get(name) ?? new Set()).add(path));
  }
  return [...owners]
    .filter(([name, paths]) => paths.size > 1 && !SHARED_NAMES.has(name))
    .map(([name, paths]) => `${name}: ${[...paths].join(', ')}`);
};
