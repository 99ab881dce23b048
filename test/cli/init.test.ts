import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../cli/config/load-config.ts';
import { configText, type SignInChoice } from '../../cli/init/config-file.ts';
import { nextStep } from '../../cli/init/next-step.ts';
import { lookAt, type Project } from '../../cli/init/project.ts';
import { differences, removeFiles, wantedFiles, writeFiles } from '../../cli/init/site-files.ts';
import { parseDeployment } from '../../cli/doctor/site/deployment.ts';
import { SELF_DESTROYING_WORKER, wholeWorker } from '../../cli/init/worker-text.ts';
import { DATABASE_NAME } from '../../src/host/storage/connection.ts';
import { embeddingConfig } from '../support/sites/embedding-site.ts';

const CONFIG = embeddingConfig();
const READY = ['keeper-sw.js', 'keeper-pulse.js', 'keeper.js', 'keeper-elements.js', 'embed.js'];
const PARTS = ['keeper-part-keeper-sw-auth-1.js', 'keeper-part-keeper-session-sw-auth-1.js', 'keeper-realtime-1.js'];

let root: string;
let ready: string;
const put = async (path: string, content = path): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
};
const at = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const packageWith = (names: readonly string[]): Promise<void> =>
  put('package.json', JSON.stringify({ devDependencies: Object.fromEntries(names.map((name) => [name, '1'])) }));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keeper-init-'));
  ready = join(root, 'ready');
  for (const name of [...READY, ...PARTS.map((part) => `keeper/${part}`)]) await put(`ready/${name}`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const install = async (): Promise<Project> => {
  const project = lookAt(root, undefined);
  await writeFiles(project, await wantedFiles(project, CONFIG, ready));
  return project;
};

describe('what init finds', () => {
  test.each([
    [['vite', 'react'], 'vite', 'public'],
    [['next', 'react'], 'next', 'public'],
    [['@sveltejs/kit', 'vite'], 'sveltekit', 'static'],
    [['astro'], 'astro', 'public'],
    [['express'], 'static', 'public'],
  ])('knows framework and public folder when the project has %j', async (names, framework, publicFolder) => {
    await packageWith(names);
    await put('public/index.html');
    expect(lookAt(root, undefined)).toMatchObject({ framework, publicFolder, worker: { type: 'none' } });
  });

  test('finds a worker that a person wrote, and not one that it wrote itself', async () => {
    await put('public/service-worker.js', '// push');
    expect(lookAt(root, undefined).worker).toEqual({ type: 'own', file: 'service-worker.js' });
    await put('public/service-worker.js', SELF_DESTROYING_WORKER);
    await put('public/sw.js', wholeWorker(CONFIG));
    expect(lookAt(root, undefined).worker).toEqual({ type: 'none' });
  });

  test.each(['vite-plugin-pwa', '@angular/service-worker', 'workbox-cli'])(
    'changes no worker and explains the way when %s makes it',
    async (name) => {
      await packageWith(['vite', name]);
      await put('public/sw.js', '// made');
      const project = await install();
      expect(project.worker.type).toBe('generated');
      expect(await at('public/sw.js')).toBe('// made');
      expect(nextStep(project)).toContain('session-keeper-worker.js');
    },
  );

  test.each([
    ['public', '/'],
    ['./public/', '/'],
    ['public/a', '/a/'],
    ['./public/a/b/', '/a/b/'],
    ['site', '/'],
  ])('says the addresses of the files in the folder %s', (folder, urlPath) => {
    const step = nextStep(lookAt(root, folder));
    expect(step).toContain(`src="${urlPath}embed.js"`);
    expect(step).toContain(`data-worker="${urlPath}sw.js"`);
  });
});

describe('what init writes', () => {
  test('is a whole worker when the site has none, with a configuration that the doctor reads', async () => {
    await packageWith(['vite']);
    const project = await install();
    const script = await at('public/sw.js');
    expect(script).toContain("importScripts('./keeper-sw.js')");
    expect(script).toContain('"takeOver":true');
    expect(parseDeployment(script)).toMatchObject({ whoami: '/api/me' });
    expect(await differences(project, await wantedFiles(project, CONFIG, ready))).toEqual([]);
  });

  test('has the page library only when no bundler brings it', async () => {
    await packageWith(['vite']);
    const paths = (await wantedFiles(lookAt(root, undefined), CONFIG, ready)).map(({ path }) => path);
    expect(paths).not.toContain('public/keeper.js');
    await packageWith([]);
    const all = (await wantedFiles(lookAt(root, 'public'), CONFIG, ready)).map(({ path }) => path);
    expect(all).toContain('public/keeper.js');
    expect(all).toContain('public/keeper/keeper-realtime-1.js');
    expect(all).not.toContain('public/keeper/keeper-part-keeper-session-sw-auth-1.js');
  });

  test("comes first in the site's own worker, which decides when it takes over", async () => {
    await put('public/sw.js', 'self.addEventListener("push", show);');
    await install();
    await install();
    const worker = await at('public/sw.js');
    expect(worker.match(/importScripts/g)).toHaveLength(1);
    expect(worker.startsWith("importScripts('./session-keeper-worker.js')")).toBe(true);
    expect(await at('public/session-keeper-worker.js')).not.toContain('takeOver');
  });

  test('leaves no part of another version', async () => {
    await packageWith(['vite']);
    await put('public/keeper/keeper-part-keeper-sw-auth-0.js');
    const project = lookAt(root, undefined);
    const wanted = await wantedFiles(project, CONFIG, ready);
    expect(await differences(project, wanted)).toContainEqual({
      path: 'public/keeper/keeper-part-keeper-sw-auth-0.js',
      what: 'left over',
    });
    await writeFiles(project, wanted);
    expect(await differences(project, wanted)).toEqual([]);
  });

  test('is reported when it is missing or changed', async () => {
    await packageWith(['vite']);
    const project = await install();
    await rm(join(root, 'public/keeper-pulse.js'));
    await put('public/sw.js', 'edited');
    await put('ready/keeper-sw.js', 'next version');
    // The edited worker no longer looks like one that init wrote.
    expect(await differences(project, await wantedFiles(project, CONFIG, ready))).toEqual([
      { path: 'public/keeper-sw.js', what: 'changed' },
      { path: 'public/keeper-pulse.js', what: 'missing' },
      { path: 'public/sw.js', what: 'changed' },
    ]);
  });
});

test('is only the configuration where the plugin of Vite makes the worker', async () => {
  await packageWith(['vite']);
  await put('vite.config.ts', "import { sessionKeeper } from 'session-keeper/vite';");
  expect(await wantedFiles(lookAt(root, undefined), CONFIG, ready)).toEqual([]);
});

describe('what remove leaves', () => {
  test('is a worker that destroys itself when the keeper was the whole worker', async () => {
    await packageWith(['vite']);
    await install();
    await removeFiles(lookAt(root, undefined));
    expect(await at('public/sw.js')).toBe(SELF_DESTROYING_WORKER);
    await expect(at('public/keeper-sw.js')).rejects.toThrow('ENOENT');
    expect(SELF_DESTROYING_WORKER).toContain(`startsWith('${DATABASE_NAME}')`);
  });

  test('is a worker that destroys itself when the Vite plugin made the worker', async () => {
    await packageWith(['vite']);
    await put('vite.config.ts', "import { sessionKeeper } from 'session-keeper/vite';");
    await removeFiles(lookAt(root, undefined));
    expect(await at('public/sw.js')).toBe(SELF_DESTROYING_WORKER);
  });

  test('is nothing where the keeper never was', async () => {
    await packageWith(['vite']);
    await put('vite.config.ts', 'export default {};');
    expect(await removeFiles(lookAt(root, undefined))).toEqual([]);
  });

  test("is the site's own worker as it was", async () => {
    const text = 'self.addEventListener("push", show);\n';
    await put('public/sw.js', text);
    await install();
    await removeFiles(lookAt(root, undefined));
    expect(await at('public/sw.js')).toBe(text);
  });
});

describe('the configuration file', () => {
  const choices: readonly SignInChoice[] = [
    { kind: 'password' },
    { kind: 'ticket' },
    { kind: 'oidc', issuer: 'https://id.example', clientId: 'web' },
  ];

  test.each(choices)('that init writes for $kind loads without a problem', async (choice) => {
    const text = configText('/api/', choice).replace(/^import.*$/m, 'const defineConfig = (config) => config;');
    await put('keeper.config.mjs', text);
    expect(await loadConfig(root, 'keeper.config.mjs')).toMatchObject({ type: 'loaded' });
  });

  test('is refused with field, value and cure when it is wrong', async () => {
    await put('keeper.config.mjs', 'export default { api: [], whoami: 1, signIn: {} };');
    const loaded = await loadConfig(root, 'keeper.config.mjs');
    expect(loaded.type === 'failed' && loaded.problem).toContain('config.whoami is 1. Write a string.');
  });
});
