import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { parseSync } from 'rolldown/utils';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GUARDED, OLDEST, unsupportedIn, type BuiltScript } from '../../../scripts/checks/browser-support.ts';
import { bundledPackages, NOTICES_FILE, renderNotices } from '../../../scripts/docs/third-party-notices.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keeper-build-'));
  // A process of its own, as for a release: vitest's NODE_ENV would leave development code in the build.
  const { NODE_ENV: _, ...env } = process.env;
  const args = ['build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'error'];
  const result = spawnSync(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), ...args], {
    cwd: ROOT,
    env,
  });
  if (result.status !== 0) throw new Error(String(result.stderr));
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const built = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

/** The app shell as the worker knows it: what the bundler wrote in place of `__PRECACHE__`. */
const manifestIn = (code: string): { url: string; integrity: string }[] =>
  [
    ...code.matchAll(
      /\{url:[`"']([^`"']+)[`"'],revision:(?:null|[`"'][0-9a-f]+[`"']),integrity:[`"']([^`"']+)[`"']\}/g,
    ),
  ].map(([, url = '', integrity = '']) => ({ url, integrity }));

test.each(['sw.js', 'keeper-sw.js'])('builds %s as one classic script without imports', async (name) => {
  const code = await built(name);
  const { module, errors } = parseSync(name, code, { sourceType: 'script' });
  expect(errors).toEqual([]);
  expect(module.staticImports).toEqual([]);
  expect(module.dynamicImports).toEqual([]);
  expect(code).not.toContain('process.env');
});

/** The library is what is named `keeper…` and does not belong to the elements. The rest is the interface. */
const scriptsOf = async (part: keyof typeof OLDEST): Promise<readonly BuiltScript[]> => {
  const names = (await readdir(folder)).concat((await readdir(join(folder, 'assets'))).map((name) => `assets/${name}`));
  const isOfLibrary = (name: string): boolean => /^(assets\/)?(sw\.js|keeper(?!-elements))/.test(name);
  const chosen = names.filter((name) => name.endsWith('.js') && isOfLibrary(name) === (part === 'library'));
  return Promise.all(chosen.map(async (name) => ({ name, code: await built(name) })));
};

test.each(['library', 'interface'] as const)(
  '%s: uses no syntax and no API that the oldest supported browsers lack [oldest-browsers]',
  async (part) => {
    const scripts = await scriptsOf(part);
    expect(scripts.length).toBeGreaterThan(10);
    expect(unsupportedIn(scripts, OLDEST[part], GUARDED)).toEqual([]);
  },
);

test('leaves out no name that every script does without', async () => {
  const foundIn = async (part: keyof typeof OLDEST) => unsupportedIn(await scriptsOf(part), OLDEST[part]);
  const sentences = [...(await foundIn('library')), ...(await foundIn('interface'))];
  const found = sentences.map((sentence) => sentence.split(' (')[0]);
  expect(Object.keys(GUARDED).filter((name) => !found.includes(name))).toEqual([]);
});

test('exports connect from the page library', async () => {
  const { module } = parseSync('keeper.js', await built('keeper.js'));
  const names = module.staticExports.flatMap((entry) => entry.entries.map((exported) => exported.exportName.name));
  expect(names).toContain('connect');
});

test('puts the hash of every file of the app shell into the worker', async () => {
  const manifest = manifestIn(await built('sw.js'));
  for (const { url, integrity } of manifest) {
    const hash = createHash('sha256').update(await readFile(join(folder, url)));
    expect(`sha256-${hash.digest('base64')}`, url).toBe(integrity);
  }
  const names = await readdir(join(folder, 'assets'));
  const ofThePage = names.filter((name) => /\.(?:js|css)$/.test(name) && !name.startsWith('keeper-'));
  const urls = manifest.map((entry) => entry.url);
  expect(urls).toEqual(expect.arrayContaining(['/index.html', ...ofThePage.map((name) => `/assets/${name}`)]));
});

test('gives the page and the worker the same build id', async () => {
  const identity = /<meta name="build" content="([0-9a-f]{16})"/.exec(await built('index.html'))?.[1] ?? 'none';
  expect(await built('sw.js')).toContain(identity);
});

test('leaves no inline script and no inline style in the page', async () => {
  const html = await built('index.html');
  expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
  for (const [, body] of html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) expect(body).toBe('');
});

test('compresses text files, except the scripts whose first line the server fills in', async () => {
  const names = await readdir(folder, { recursive: true });
  const encoded = names.filter((name) => /\.(?:br|gz)$/.test(name));
  expect(encoded).toEqual(expect.arrayContaining(['index.html.br', 'index.html.gz', 'keeper.js.br', 'keeper.js.gz']));
  expect(encoded.filter((name) => /sw\.js\.|\.png\.|\.map\./.test(name))).toEqual([]);
  for (const name of encoded) {
    const [of, bytes] = await Promise.all([readFile(join(folder, name.slice(0, -3))), readFile(join(folder, name))]);
    const decoded = name.endsWith('.br') ? brotliDecompressSync(bytes) : gunzipSync(bytes);
    expect(decoded.equals(of), name).toBe(true);
  }
});

test('lists the licence of every package that the build bundles or the server loads (npm run notices)', async () => {
  expect(await renderNotices(ROOT, await bundledPackages(folder))).toBe(await readFile(NOTICES_FILE, 'utf8'));
});
