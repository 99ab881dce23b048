import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';

/**
 * Completes package-lock.json after `npm install` changed it (`npm run lockfile`).
 *
 * npm leaves a package for another platform out of the lock file when the registry, such as a mirror, lacks it.
 * `npm ci` then refuses the lock file on machines whose registry does offer it ("Missing: … from lock file"). This
 * script adds those packages with the hash that the registry states, and fails when the registry has no hash to give.
 */

export type Missing = { name: string; version: string; dev: boolean };

/** The part of a package's manifest that the lock file repeats. `integrity` is its hash (https://www.w3.org/TR/SRI/). */
export type Manifest = { integrity: string } & JsonObject;

export type ReadManifest = (name: string, version: string) => Promise<Manifest | undefined>;

const EXACT = /^\d/;
const MANIFEST_KEYS = ['cpu', 'libc', 'license', 'os', 'engines'];
/** In the order in which npm writes them. */
const ENTRY_KEYS = ['version', 'integrity', 'cpu', 'dev', 'libc', 'license', 'optional', 'os', 'engines'];

const objectAt = (value: JsonObject, key: string): JsonObject => {
  const found = own(value, key);
  return isObject(found) ? found : {};
};

/**
 * Whether the package at `path` gets its dependency `name`. Node takes the first one that it finds: in the package's own
 * `node_modules`, then further out. Packages for one platform have an exact version. Any other range counts as met.
 */
const isPresent = (packages: JsonObject, path: string, name: string, wanted: string): boolean => {
  const parts = path.split('/node_modules/');
  const folders = ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/node_modules/')}/`)];
  const nearest = folders.findLast((folder) => own(packages, `${folder}node_modules/${name}`) !== undefined);
  if (nearest === undefined) return false;
  return !EXACT.test(wanted) || stringAt(objectAt(packages, `${nearest}node_modules/${name}`), 'version') === wanted;
};

/** Optional dependencies that the lock file lacks, by the path that they would have. */
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

/** Paths of the packages whose contents `npm ci` cannot verify, because the lock file has no hash of them. */
export const withoutIntegrity = (lock: JsonObject): readonly string[] => {
  const packages = objectAt(lock, 'packages');
  return Object.keys(packages).filter(
    (path) => path !== '' && stringAt(objectAt(packages, path), 'integrity') === undefined,
  );
};

const entryFor = ({ version, dev }: Missing, manifest: Manifest): JsonObject => {
  const values: JsonObject = { ...manifest, version, ...(dev ? { dev } : {}), optional: true };
  const present = ENTRY_KEYS.filter((key) => own(values, key) !== undefined);
  return Object.fromEntries(present.map((key) => [key, own(values, key)] as const));
};

/** The lock file with an entry for each package of `missingOptional`, sorted as npm sorts. */
export const completed = async (lock: JsonObject, readManifest: ReadManifest): Promise<JsonObject> => {
  const packages = Object.entries(objectAt(lock, 'packages'));
  for (const [path, missing] of missingOptional(lock)) {
    const manifest = await readManifest(missing.name, missing.version);
    if (!manifest)
      throw new Error(
        `The registry has no hash of ${missing.name}@${missing.version}. Set another one: npm config set registry URL`,
      );
    packages.push([path, entryFor(missing, manifest)]);
  }
  packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(packages) };
};

const readFromRegistry: ReadManifest = async (name, version) => {
  const args = ['view', `${name}@${version}`, '--json', 'dist.integrity', ...MANIFEST_KEYS];
  const { stdout } = await promisify(execFile)('npm', args).catch(() => ({ stdout: '' }));
  const manifest = parseJson(stdout);
  const integrity = isObject(manifest) ? stringAt(manifest, 'dist.integrity') : undefined;
  return isObject(manifest) && integrity !== undefined ? { ...manifest, integrity } : undefined;
};

if (process.argv[1]?.endsWith('lockfile.ts')) {
  const lock = parseJson(await readFile('package-lock.json', 'utf8'));
  if (!isObject(lock))
    throw new Error('package-lock.json is not a JSON object. Restore it, and run npm install again.');
  const complete = await completed(lock, readFromRegistry);
  await writeFile('package-lock.json', `${JSON.stringify(complete, null, 2)}\n`);
  console.log(`${missingOptional(lock).size} packages of other platforms added`);
  const unverified = withoutIntegrity(complete);
  if (unverified.length > 0)
    throw new Error(`package-lock.json has no hash of ${unverified.join(', ')}. Install them again with npm.`);
}
