import { readFile, writeFile } from 'node:fs/promises';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/json.ts';

/**
 * Adds to package-lock.json the packages of other platforms that a registry mirror did not offer when the lockfile
 * was written: `npm ci` refuses a lockfile without them on a machine whose registry has them, and on one whose
 * registry lacks them (npm 11: "Missing: … from lock file"). They carry no hash, and are never installed where
 * `os` and `cpu` do not fit. Run it after `npm install` changed the lockfile.
 */

export type Missing = { name: string; version: string; dev: boolean };

const PLATFORMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32'];
const C_LIBRARIES: Readonly<Record<string, string>> = {
  gnu: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
  musleabihf: 'musl',
};

const EXACT = /^\d/;

const objectAt = (value: JsonObject, key: string): JsonObject => {
  const found = own(value, key);
  return isObject(found) ? found : {};
};

/**
 * Whether the package at `path` gets the `name` it wants: what Node finds first, in its own `node_modules` or further
 * out, is of that version. Packages for a platform are wanted by exact version; any other range is taken as met.
 */
const isPresent = (packages: JsonObject, path: string, name: string, wanted: string): boolean => {
  const parts = path.split('/node_modules/');
  const folders = ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/node_modules/')}/`)];
  const nearest = folders.findLast((folder) => own(packages, `${folder}node_modules/${name}`) !== undefined);
  if (nearest === undefined) return false;
  return !EXACT.test(wanted) || stringAt(objectAt(packages, `${nearest}node_modules/${name}`), 'version') === wanted;
};

/** Optional dependencies of the lockfile's packages that it does not list, by the path they would have. */
export const missingOptional = (lock: JsonObject): ReadonlyMap<string, Missing> => {
  const packages = objectAt(lock, 'packages');
  const missing = new Map<string, Missing>();
  for (const path of Object.keys(packages)) {
    const entry = objectAt(packages, path);
    const optional = objectAt(entry, 'optionalDependencies');
    for (const name of Object.keys(optional)) {
      const wanted = stringAt(optional, name) ?? '';
      if (isPresent(packages, path, name, wanted)) continue;
      // Beside its parent, so that two versions of a parent keep theirs apart.
      const folder = path.slice(0, path.lastIndexOf('node_modules/'));
      const version = wanted.replace(/^[\^~>=\s]+/, '');
      missing.set(`${folder}node_modules/${name}`, { name, version, dev: own(entry, 'dev') === true });
    }
  }
  return missing;
};

/** These packages say in their names where they run: `binding-linux-arm-musleabihf`. */
const entryFor = ({ name, version, dev }: Missing): JsonObject => {
  const words = name.split(/[-/@.]/);
  const among = (known: readonly string[]): string[] => known.filter((word) => words.includes(word));
  const limits = {
    cpu: among(PROCESSORS),
    libc: words.flatMap((word) => C_LIBRARIES[word] ?? []),
    os: among(PLATFORMS),
  };
  const named = Object.fromEntries(Object.entries(limits).filter(([, values]) => values.length > 0));
  return { version, ...(dev ? { dev } : {}), optional: true, ...named };
};

/** The lockfile with an entry for each package of `missingOptional`, sorted as npm sorts. */
export const completed = (lock: JsonObject): JsonObject => {
  const added = [...missingOptional(lock)].map(([path, missing]) => [path, entryFor(missing)] as const);
  const packages = [...Object.entries(objectAt(lock, 'packages')), ...added];
  packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(packages) };
};

if (process.argv[1]?.endsWith('lockfile.ts')) {
  const lock = parseJson(await readFile('package-lock.json', 'utf8'));
  if (!isObject(lock)) throw new Error('package-lock.json is not a JSON object.');
  console.log(`${missingOptional(lock).size} packages of other platforms added`);
  await writeFile('package-lock.json', `${JSON.stringify(completed(lock), null, 2)}\n`);
}
