import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack, { type Stats } from 'webpack';
import type { SessionKeeperPlugin, SessionKeeperPluginOptions } from '../../cli/plugin/webpack.ts';
import { buildInMemory } from '../../scripts/build/build-in-memory.ts';
import { entriesOf, readManifest } from '../../scripts/package/entries.ts';
import { installConsumer, ROOT, type Consumer } from './consumer.ts';

/* The entries of the package in a project that has none of its optional peers. */

const entries = entriesOf(await readManifest(ROOT)).map(({ specifier }) => `session-keeper${specifier.slice(1)}`);
/** Entries that are for one tool or framework. test/frameworks/server-side.test.ts imports those for a framework. */
const NEEDS: ReadonlyMap<string, string> = new Map([
  ['session-keeper/playwright', '@playwright/test'],
  ['session-keeper/angular', '@angular/core'],
  ['session-keeper/react', 'react'],
  ['session-keeper/vue', 'vue'],
  ['session-keeper/svelte', 'svelte'],
]);
const plain = entries.filter((entry) => !NEEDS.has(entry));

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installConsumer('types');
}, 400_000);
afterAll(() => consumer?.remove());

test('brings no database, no provider, no browser driver and no script that runs at the installation', async () => {
  const lock = await readFile(join(consumer.dir, 'package-lock.json'), 'utf8');
  for (const name of ['lmdb', 'oidc-provider', 'playwright-core', '@playwright/test', 'hono'])
    expect(lock).not.toContain(`"node_modules/${name}"`);
  expect(lock).not.toContain('hasInstallScript');
});

/** Lit leaves these in Node (https://lit.dev/docs/ssr/dom-emulation/). They are not ours. */
const OF_LIT = '/^(lit|reactiveElement|customElements)/';

test.each(plain)('does nothing and throws nothing when Node imports %s', async (entry) => {
  const names = `() => Object.getOwnPropertyNames(globalThis).filter((name) => !${OF_LIT}.test(name)).toSorted().join()`;
  const script = `const names = ${names}; const had = names(); await import('${entry}');
    console.log(had === names() ? 'clean' : 'left ' + names());`;
  expect(await consumer.run('node', '--input-type=module', '-e', script)).toContain('clean');
});

describe('the devtools', () => {
  const builtIn = async (mode: 'development' | 'production'): Promise<string> => {
    const input = join(consumer.dir, 'devtools.js');
    await writeFile(
      input,
      "import { connect } from 'session-keeper'; import { mountDevtools } from 'session-keeper/devtools'; mountDevtools(await connect());",
    );
    const built = await buildInMemory({ root: consumer.dir, mode, build: { rollupOptions: { input } } });
    return built.output.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n');
  };

  test('are part of a development build of Vite', async () => {
    expect(await builtIn('development')).toContain('session-devtools');
  });

  test('are no part of a production build of Vite', async () => {
    const built = await builtIn('production');
    expect(built).toContain('serviceWorker');
    expect(built).not.toContain('session-devtools');
    expect(built).not.toContain('session-timeline');
  });
});

describe('the plugin for webpack', () => {
  const CONFIG = `export default {
    api: [{ origin: 'self', path: '/api/' }], whoami: '/api/me',
    signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout' } } };`;

  /** The output folder of a build in the project, and what webpack says of it. */
  const build = async (
    config: string,
    options?: SessionKeeperPluginOptions,
  ): Promise<{ path: string; stats: Stats }> => {
    const context = join(consumer.dir, 'with-webpack');
    const path = join(context, 'out');
    await mkdir(context, { recursive: true });
    await writeFile(join(context, 'page.js'), "import { connect } from 'session-keeper'; void connect();");
    await writeFile(join(context, 'keeper.config.mjs'), config);
    const file = join(consumer.dir, 'node_modules/session-keeper/lib/cli/plugin/webpack.js');
    const plugin = (await import(file)) as { SessionKeeperPlugin: typeof SessionKeeperPlugin };
    const compiler = webpack({
      ...{ context, mode: 'production', entry: './page.js', performance: false },
      output: { path, clean: true },
      plugins: [new plugin.SessionKeeperPlugin(options)],
    });
    const stats = await new Promise<Stats>((resolve, reject) => {
      compiler.run((error, done) => (done ? resolve(done) : reject(error ?? new Error('no stats'))));
    });
    return { path, stats };
  };

  test('puts the worker with its configuration and parts beside the bundle, as they are in the package', async () => {
    const { path, stats } = await build(CONFIG, { worker: 'app/sw.js' });
    expect(stats.hasErrors()).toBe(false);
    expect(await readFile(join(path, 'app/sw.js'), 'utf8')).toContain('"whoami":"/api/me"');
    const ready = join(consumer.dir, 'node_modules/session-keeper/ready');
    for (const name of ['keeper-sw.js', 'keeper-pulse.js'])
      expect(await readFile(join(path, 'app', name))).toEqual(await readFile(join(ready, name)));
    const parts = (await readdir(join(ready, 'keeper'))).filter((name) => /^keeper-part-keeper-sw-.*\.js$/.test(name));
    expect((await readdir(join(path, 'app/keeper'))).toSorted()).toEqual(parts.toSorted());
  });

  test('fails the build with field and cure when the configuration is wrong', async () => {
    const { stats } = await build(CONFIG.replace("'/api/me'", "'api/me'"));
    expect(stats.toString({ all: false, errors: true })).toContain('config.whoami is "api/me". Write a path such as');
  });
});

const COMPILERS = [
  ['typescript-next', 'bundler', 'esnext'],
  ['typescript-next', 'node16', 'node16'],
  ['typescript-next', 'nodenext', 'nodenext'],
] as const;
const FILES = [
  { file: 'page.ts', lib: 'es2023,dom,dom.iterable,dom.asynciterable', globals: ['--typeRoots', 'none'] },
  { file: 'worker.ts', lib: 'es2023,webworker', globals: ['--typeRoots', 'none'] },
  { file: 'node.ts', lib: 'es2023', globals: ['--types', 'node'] },
] as const;
const STRICT = [
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--skipLibCheck',
  'false',
  '--target',
  'es2022',
];

describe.each(FILES)('the types in $file', ({ file, lib, globals }) => {
  test.each(COMPILERS)(
    'have no error under %s when resolved as %s',
    async (compiler, resolution, module) => {
      const tsc = `node_modules/${compiler}/bin/tsc`;
      const where = ['--module', module, '--moduleResolution', resolution, '--lib', lib, ...globals];
      expect(await consumer.run('node', tsc, ...STRICT, ...where, file)).toBe('');
    },
    200_000,
  );
});

/** The compiler in JavaScript takes many times as long, so it has the page alone. */
test.each([
  ['bundler', 'esnext'],
  ['node16', 'node16'],
])(
  'the types of a page have no error under TypeScript 5.9 when resolved as %s',
  async (resolution, module) => {
    const [{ file, lib, globals }] = FILES;
    const where = ['--module', module, '--moduleResolution', resolution, '--lib', lib, ...globals];
    expect(await consumer.run('node', 'node_modules/typescript/bin/tsc', ...STRICT, ...where, file)).toBe('');
  },
  200_000,
);
