import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';

/**
 * Writes THIRD-PARTY-NOTICES.md (`npm run notices`): the licences of the packages that a build bundles and of those that
 * the server and the command line load. The text comes from the installed packages, so run it after `npm ci`.
 */

export const NOTICES_FILE = new URL('../../THIRD-PARTY-NOTICES.md', import.meta.url);

type Package = {
  name: string;
  version: string;
  licence: string;
  copyright: readonly string[];
  /** Without the copyright lines; empty when the package has no licence file. */
  text: string;
  /** Licences of the code that the package contains from others. */
  contained: readonly string[];
};

const readObject = async (path: string): Promise<JsonObject> => {
  const value = parseJson(await readFile(path, 'utf8'));
  if (!isObject(value)) throw new Error(`${path} is not a JSON object.`);
  return value;
};

const keysAt = (value: JsonObject, key: string): readonly string[] => {
  const found = own(value, key);
  return isObject(found) ? Object.keys(found) : [];
};

/** Where Node finds `name` for the package at `from`: in its own `node_modules`, then further out. */
const pathOf = (packages: JsonObject, from: string, name: string): string | undefined => {
  const parts = from === '' ? [] : from.split('/node_modules/');
  const folders = ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/node_modules/')}/`)];
  return folders.map((folder) => `${folder}node_modules/${name}`).findLast((path) => own(packages, path) !== undefined);
};

/** Paths of the packages that an ordinary `npm install session-keeper` brings, without builds for single platforms. */
const runtimePaths = (packages: JsonObject): readonly string[] => {
  const found = new Set<string>();
  const visit = (path: string): void => {
    const entry = own(packages, path);
    if (!isObject(entry)) return;
    for (const name of [...keysAt(entry, 'dependencies'), ...keysAt(entry, 'optionalDependencies')]) {
      const target = pathOf(packages, path, name);
      const dependency = target === undefined ? undefined : own(packages, target);
      // A build for one platform carries the licence of the package that depends on it.
      if (target === undefined || found.has(target) || !isObject(dependency) || own(dependency, 'os')) continue;
      found.add(target);
      visit(target);
    }
  };
  visit('');
  return [...found].toSorted();
};

/** Names of the packages whose code the source maps below `folder` name. */
export const bundledPackages = async (folder: string): Promise<ReadonlySet<string>> => {
  const maps = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.map'));
  const found = new Set<string>();
  for (const map of maps) {
    const sources = own(await readObject(join(folder, map)), 'sources');
    for (const source of Array.isArray(sources) ? sources : []) {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(String(source)) ?? [];
      if (name !== undefined) found.add(name);
    }
  }
  return found;
};

const LICENCE_FILE = /^licen[cs]e(\.md|\.txt)?$/i;
const CONTAINED_FILE = /^(third.party.*|notice)(\.md|\.txt)?$/i;
/** Not the sample in the appendix of the Apache licence: `Copyright [yyyy] …`. */
const COPYRIGHT = /^\s*(Copyright|\(c\)|©) [^[a-z]/;

const readPackage = async (root: string, path: string): Promise<Package> => {
  const folder = join(root, path);
  const manifest = await readObject(join(folder, 'package.json'));
  const files = (await readdir(folder)).toSorted();
  const licenceFile = files.find((name) => LICENCE_FILE.test(name));
  const lines = licenceFile === undefined ? [] : (await readFile(join(folder, licenceFile), 'utf8')).split(/\r?\n/);
  const contained = files
    .filter((name) => CONTAINED_FILE.test(name))
    .map((name) => readFile(join(folder, name), 'utf8'));
  return {
    name: stringAt(manifest, 'name') ?? path,
    version: stringAt(manifest, 'version') ?? '',
    licence: stringAt(manifest, 'license') ?? 'see its text',
    copyright: lines.filter((line) => COPYRIGHT.test(line)).map((line) => line.trim()),
    text: lines
      .filter((line) => !COPYRIGHT.test(line))
      .join('\n')
      .trim(),
    contained: await Promise.all(contained),
  };
};

/** Two licence texts are the same when only their line breaks, titles or list marks differ. */
const keyOf = ({ text }: Package): string =>
  text
    .replace(/^[#\s]*(the )?[\w-]+( \w+)? licen[cs]e( \(\w+\))?\s*/i, '')
    .replaceAll(/[^a-z]+/gi, ' ')
    .trim()
    .toLowerCase();

const fenced = (text: string): string => `\`\`\`\`text\n${text.trim()}\n\`\`\`\``;

const title = ({ name, version, licence }: Package): string => `${name} ${version} (${licence})`;

const section = (packages: readonly Package[]): string => {
  const [first] = packages;
  if (!first) return '';
  const heading = `### ${packages.map(title).join(', ')}`;
  if (first.text === '') return `${heading}\n\nNo licence file in the package.`;
  const copyright = packages.flatMap((each) => each.copyright.map((line) => `${each.name}: ${line}`));
  const lines = copyright.length > 0 ? `${fenced(copyright.join('\n'))}\n\n` : '';
  const contained = packages.flatMap((each) =>
    each.contained.map((text) => `${each.name} contains:\n\n${fenced(text)}`),
  );
  return [heading, `${lines}${fenced(first.text)}`, ...contained].join('\n\n');
};

const INTRODUCTION = `# Third-party notices

Generated by \`npm run notices\`. Do not edit.

Session Keeper is published under the [MIT licence](LICENSE). It contains or loads the packages below. "Bundled" packages
are part of the files that a build writes to \`dist\`. The server and the command line load the others from \`node_modules\`;
builds for a single platform carry the licence of the package that loads them.
`;

/** The document. `bundled`: names of the packages that a build contains (`bundledPackages`). */
export const renderNotices = async (root: string, bundled: ReadonlySet<string>): Promise<string> => {
  const locked = own(await readObject(join(root, 'package-lock.json')), 'packages');
  const paths = isObject(locked) ? runtimePaths(locked) : [];
  const packages = await Promise.all(paths.map((path) => readPackage(root, path)));
  const unlisted = [...bundled].filter((name) => !packages.some((each) => each.name === name));
  if (unlisted.length > 0) throw new Error(`The build contains ${unlisted.join(', ')}: add them to "dependencies".`);
  const rows = packages.map(
    ({ name, version, licence }) => `| ${name} | ${version} | ${licence} | ${bundled.has(name) ? 'bundled' : ''} |`,
  );
  const groups = new Map<string, Package[]>();
  for (const each of packages) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return [
    INTRODUCTION,
    '| Package | Version | Licence | |\n|---|---|---|---|',
    ...rows,
    '\n## Licence texts\n',
    [...groups.values()].map(section).join('\n\n'),
    '',
  ].join('\n');
};

if (process.argv[1]?.endsWith('notices.ts'))
  await writeFile(NOTICES_FILE, await renderNotices(process.cwd(), await bundledPackages('dist')));
