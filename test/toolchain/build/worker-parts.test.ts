import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { bundleScript } from '../../../scripts/build/bundle-script.ts';
import type { ScriptBundle } from '../../../scripts/build/script-entry.ts';
import { createFixture, type Fixture } from '../../support/fixture.ts';

const REGISTRY = fileURLToPath(new URL('../../../sw/parts/part-registry.ts', import.meta.url));
const ENTRY = { file: 'sw.js', source: 'sw.ts', format: 'worker', tsconfig: 'tsconfig.json', precache: false } as const;

const FILES = {
  'tsconfig.json': '{ "compilerOptions": { "target": "ES2022" } }',
  'sw.ts': `import { installParts } from '${REGISTRY}';
    import { shared } from './shared.ts';
    installParts();
    Object.assign(self, { shared, first: () => import('./first.ts'), second: () => import('./second.ts') });`,
  'shared.ts': 'export const shared = { evaluated: [] as string[] }; export const unused = 1;',
  'common.ts': "import { shared } from './shared.ts'; shared.evaluated.push('common'); export const common = {};",
  'first.ts': `import { shared } from './shared.ts'; import { common } from './common.ts';
    shared.evaluated.push('first'); export const sees = shared; export const also = common;`,
  'second.ts': "import { common } from './common.ts'; export const also = common;",
};

type Part = { sees?: unknown; also?: unknown };
type Scope = {
  shared: { evaluated: string[] };
  first(): Promise<Part>;
  second(): Promise<Part>;
  imported: string[];
};

/** Runs a bundle as a browser does, except that each script comes from `files`. */
const start = ({ files, code }: Pick<ScriptBundle, 'files' | 'code'>): Scope => {
  const texts = new Map(files.map(({ fileName, source }) => [`/${fileName}`, String(source)]));
  const imported: string[] = [];
  const self: Record<string, unknown> = {
    imported,
    addEventListener: () => undefined,
    importScripts(url: string) {
      imported.push(url);
      runInContext(texts.get(url) ?? '', context);
    },
  };
  const context = createContext({ self });
  runInContext(code, context);
  // The fixture's worker puts these members there.
  return self as Scope;
};

const fixtures: Fixture[] = [];
const project = async (changes: Record<string, string> = {}): Promise<Fixture> => {
  const fixture = await createFixture({ ...FILES, ...changes });
  fixtures.push(fixture);
  return fixture;
};
afterEach(() => Promise.all(fixtures.splice(0).map((fixture) => fixture.remove())));

const bundle = ({ root }: Fixture): Promise<ScriptBundle> =>
  bundleScript(root, { ...ENTRY, baked: true }, 'production', { build: '', precache: [], base: '/' });

const scriptsOf = ({ files }: ScriptBundle): Map<string, string> =>
  new Map(files.filter(({ fileName }) => fileName.endsWith('.js')).map((file) => [file.fileName, String(file.source)]));

test('evaluates a part only when the worker needs it, and once', async () => {
  const worker = start(await bundle(await project()));
  expect(worker.imported).toEqual([]);
  const part = await worker.first();
  expect(worker.shared.evaluated).toEqual(['common', 'first']);
  expect(await worker.first()).toBe(part);
  expect(worker.imported.length).toBe(new Set(worker.imported).size);
});

test('gives parts the same modules as the entry and as each other', async () => {
  const worker = start(await bundle(await project()));
  const [first, second] = [await worker.first(), await worker.second()];
  expect(first.sees).toBe(worker.shared);
  expect(second.also).toBe(first.also);
  expect(worker.shared.evaluated.filter((name) => name === 'common')).toEqual(['common']);
});

test('pins each part by its hash [part-hash]', async () => {
  const scripts = scriptsOf(await bundle(await project()));
  const [line = ''] = (scripts.get('sw.js') ?? '').split('\n');
  const known = JSON.parse(line.replace('{const __PARTS__=', '').replace(/;$/, '')) as Record<
    string,
    { url: string; integrity: string }
  >;
  expect(Object.values(known).map(({ url }) => url)).toEqual(
    expect.arrayContaining([expect.stringContaining('first'), expect.stringContaining('second')]),
  );
  for (const { url, integrity } of Object.values(known)) {
    const hash = createHash('sha256').update(scripts.get(url.slice(1)) ?? '');
    expect(`sha256-${hash.digest('base64')}`, url).toBe(integrity);
  }
});

test('changes the entry and one part when the source of one part changes', async () => {
  const before = scriptsOf(await bundle(await project()));
  const after = scriptsOf(await bundle(await project({ 'second.ts': `${FILES['second.ts']} export const more = 1;` })));
  const kept = [...before.keys()].filter((name) => after.get(name) === before.get(name));
  expect([...before.keys()].filter((name) => !kept.includes(name))).toEqual([
    'sw.js',
    expect.stringMatching(/keeper-part-sw-second-/),
  ]);
});

test('fails the build when a shared name gets another value later', async () => {
  const fixture = await project({
    'shared.ts':
      'export let shared = { evaluated: [] as string[] }; self.reset = () => { shared = { evaluated: [] }; };',
  });
  await expect(bundle(fixture)).rejects.toThrow(/shared and assigns it more than once/);
});

test('names the script when it does not export what the worker expects', async () => {
  const { files, code } = await bundle(await project());
  const worker = start({ code, files: files.map((file) => ({ ...file, source: '' })) });
  await expect(worker.first()).rejects.toThrow(/keeper-part-sw-first-[0-9a-f]{8}\.js has no part "sw-first"/);
});
