import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build, createServer, type InlineConfig, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptEntry } from '../../../scripts/build/script-entry.ts';
import { WORKER_CHANGED, workerPlugin } from '../../../scripts/build/worker-plugin.ts';
import { createFixture, type Fixture } from '../../support/fixture.ts';

const script = (file: string, source: string, format: ScriptEntry['format'], worker: boolean): ScriptEntry => ({
  file,
  source,
  format,
  tsconfig: 'tsconfig.json',
  precache: worker,
  baked: worker,
});

const SCRIPTS = [
  script('sw.js', 'sw.ts', 'worker', true),
  script('lib.js', 'lib.ts', 'es', false),
  script('absent.js', 'absent.ts', 'worker', false),
];

const FILES = {
  'tsconfig.json': '{ "compilerOptions": { "target": "ES2022" } }',
  'index.html':
    '<!doctype html><html><head><meta name="build" content=""></head><body><script type="module" src="/main.ts"></script></body></html>',
  'main.ts':
    "import { word } from './word.ts'; import './main.css'; document.title = word; if (word === 'never') void import('./lazy.ts');",
  'main.css': 'body { color: red }',
  'lazy.ts': "export const lazy = 'lazy';",
  'word.ts': "export const word = 'shared';",
  'only-worker.ts': "export const note = 'from the worker';",
  'sw.ts':
    "import { note } from './only-worker.ts'; import { word } from './word.ts'; Object.assign(self, { seen: { note, word, build: __BUILD__, precache: __PRECACHE__, env: process.env.NODE_ENV } });",
  'lib.ts': "export const load = () => import('./lazy.ts'); export const word = 'library';",
  'public/icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'public/large.bin': 'x'.repeat(100_000),
};

type Seen = {
  note: string;
  word: string;
  build: string;
  precache: { url: string; revision: string | null; integrity: string }[];
  env: string;
};

const run = (code: string): { seen: Seen; baked: unknown } => {
  const self = {} as { seen: Seen; __SESSION_KEEPER__?: unknown };
  runInNewContext(code, { self });
  return { seen: self.seen, baked: self.__SESSION_KEEPER__ };
};

const config = (root: string): InlineConfig => ({
  root,
  configFile: false,
  logLevel: 'silent',
  plugins: [
    workerPlugin({
      scripts: SCRIPTS,
      bake: async () => ({ config: { api: [], whoami: '/who', signIn: {}, sockets: [] } }),
    }),
  ],
});

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture(FILES);
});
afterAll(() => fixture.remove());

describe('a build', () => {
  const dist = (name: string): Promise<string> => readFile(join(fixture.root, 'dist', name), 'utf8');
  beforeAll(async () => {
    await build(config(fixture.root));
  });

  test('gives one worker file without imports, and leaves out what does not exist [worker-one-file]', async () => {
    const code = await dist('sw.js');
    expect(code).not.toMatch(/\bimport\b/);
    expect(run(code).seen).toMatchObject({ note: 'from the worker', word: 'shared', env: 'production' });
    await expect(dist('absent.js')).rejects.toThrow(/ENOENT/);
  });

  test('lists the shell with the hash of each file as it is served', async () => {
    const { precache } = run(await dist('sw.js')).seen;
    const urls = precache.map((entry) => entry.url);
    expect(urls).toEqual(urls.toSorted());
    expect(urls).toEqual(
      expect.arrayContaining(['/index.html', '/icon.svg', expect.stringMatching(/^\/assets\/index-.*\.css$/)]),
    );
    expect(urls).not.toContain('/large.bin');
    expect(urls.filter((url) => url.endsWith('.map') || url.endsWith('sw.js'))).toEqual([]);
    for (const { url, revision, integrity } of precache) {
      const hash = createHash('sha256')
        .update(await readFile(join(fixture.root, 'dist', url)))
        .digest('base64');
      expect(integrity, url).toBe(`sha256-${hash}`);
      expect(revision === null, url).toBe(url.startsWith('/assets/'));
    }
  });

  test('gives the page and the worker the same identity, which changes with the page and with the worker', async () => {
    const identity = async (): Promise<string> => {
      await build(config(fixture.root));
      const { seen } = run(await dist('sw.js'));
      expect(await dist('index.html')).toContain(`<meta name="build" content="${seen.build}">`);
      return seen.build;
    };
    const first = await identity();
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await identity()).toBe(first);
    await fixture.write('main.css', 'body { color: blue }');
    const second = await identity();
    await fixture.write('only-worker.ts', "export const note = 'from the worker ';");
    const third = await identity();
    expect(new Set([first, second, third]).size).toBe(3);
    await fixture.write('only-worker.ts', FILES['only-worker.ts']);
    await fixture.write('main.css', FILES['main.css']);
  });

  test('gives the library its own module with its lazy part beside it', async () => {
    const code = await dist('lib.js');
    const lazy = /import\(`\.\/(assets\/[^`]+)`\)/.exec(code)?.[1];
    expect(code).toMatch(/export\s*\{/);
    expect(await dist(lazy ?? 'none')).toContain('lazy');
  });
});

describe('the dev server', () => {
  let server: ViteDevServer;
  let origin: string;
  beforeAll(async () => {
    server = await createServer({ ...config(fixture.root), server: { port: 0, host: '127.0.0.1' } });
    await server.listen();
    const address = server.httpServer?.address();
    if (typeof address !== 'object' || !address) throw new Error('no address');
    origin = `http://127.0.0.1:${address.port}`;
  });
  afterAll(() => server.close());

  const sent = (): Promise<string> => {
    const { hot } = server.environments.client;
    const send = hot.send.bind(hot);
    return new Promise((resolve) => {
      hot.send = (...args: unknown[]) => {
        const [payload] = args;
        if (typeof payload === 'object' && payload !== null && 'type' in payload) {
          hot.send = send;
          resolve('event' in payload ? String(payload.event) : String(payload.type));
        }
      };
    });
  };

  test('serves the worker at the URL it will have, its configuration in the first line', async () => {
    const answer = await fetch(`${origin}/sw.js`);
    const code = await answer.text();
    expect(answer.headers.get('content-type')).toContain('text/javascript');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(code.split('\n')[0]).toBe(
      'self.__SESSION_KEEPER__ = {"config":{"api":[],"whoami":"/who","signIn":{},"sockets":[]}};',
    );
    const { seen, baked } = run(code);
    expect(baked).toHaveProperty('config.whoami', '/who');
    expect(seen).toMatchObject({ note: 'from the worker', env: 'development', precache: [] });
    expect(seen.build).toMatch(/^dev-[0-9a-f]{12}$/);
    expect(await (await fetch(`${origin}/`, { headers: { accept: 'text/html' } })).text()).toContain(
      `content="${seen.build}"`,
    );
  });

  test('answers 404 for a script without a source, never the page', async () => {
    expect((await fetch(`${origin}/absent.js`, { headers: { accept: 'text/html' } })).status).toBe(404);
  });

  test('notifies the page when the worker changes, and serves the new one', async () => {
    const before = await (await fetch(`${origin}/sw.js`)).text();
    const message = sent();
    await fixture.write('only-worker.ts', "export const note = 'edited';");
    expect(await message).toBe(WORKER_CHANGED);
    const after = run(await (await fetch(`${origin}/sw.js`)).text()).seen;
    expect(after.note).toBe('edited');
    expect(after.build).not.toBe(run(before).seen.build);
  });
});
