import { isObject, own, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';

/** A package that production installs, by its path in the lock file. */
export type LockedPackage = { path: string; name: string; version: string; licence: string | undefined };

/** Licences (https://spdx.org/licenses/) that allow this use without a condition on our own code. */
const ALLOWED = new Set([
  ...[
    '0BSD',
    'Apache-2.0',
    'BlueOak-1.0.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'CC0-1.0',
    'ISC',
    'MIT',
    'MIT-0',
    'Unlicense',
  ],
]);

/** Packages of the lock file that `npm ci --omit=dev` installs, on any platform. */
export const productionPackages = (lock: JsonObject): readonly LockedPackage[] => {
  const packages = own(lock, 'packages');
  if (!isObject(packages)) throw new Error('The lock file has no packages. Run npm install again.');
  return Object.keys(packages).flatMap((path) => {
    const entry = own(packages, path);
    // npm marks what only development needs, and what only an optional package of development needs.
    if (path === '' || !isObject(entry) || own(entry, 'dev') === true || own(entry, 'devOptional') === true) return [];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return [{ path, name, version: stringAt(entry, 'version') ?? '', licence: stringAt(entry, 'license') }];
  });
};

/** Whether an SPDX expression leaves a choice that is allowed. `AND` needs all parts, `OR` one of them. */
const isAllowed = (expression: string): boolean =>
  expression
    .replaceAll(/[()]/g, ' ')
    .split(/\bOR\b/)
    .some((choice) => choice.split(/\bAND\b/).every((part) => ALLOWED.has(part.trim())));

/** One line for each production package without a licence, or with one that is not allowed. */
export const licenceProblems = (packages: readonly LockedPackage[]): readonly string[] =>
  packages.flatMap(({ name, version, licence }) => {
    if (licence === undefined) return [`${name} ${version} has no licence. Do not use it, or ask its author for one.`];
    if (isAllowed(licence)) return [];
    return [
      `${name} ${version} has the licence ${licence}. Read it, then allow it in scripts/supply-chain/licences.ts.`,
    ];
  });
