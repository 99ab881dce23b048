import { test } from '../../support/browser/crashes.ts';
import { expect } from '../../support/browser/expect.ts';
import type { Page } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { workerPlugin } from '../../../scripts/build/worker-plugin.ts';
import { createFixture, type Fixture } from '../../support/fixture.ts';

const FILES = {
  'tsconfig.json': '{ "compilerOptions": { "target": "ES2022" } }',
  'index.html': '<!doctype html><html><head></head><body><script type="module" src="/main.ts"></script></body></html>',
  'main.ts':
    "import { shared } from './shared.ts'; document.title = shared; await navigator.serviceWorker.register('/sw.js');",
  'shared.ts': "export const shared = 'shared'; import.meta.hot?.accept();",
  'note.ts': "export const note = 'first';",
  'sw.ts': `import { note } from './note.ts';
    import { shared } from './shared.ts';
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    addEventListener('message', (event) => event.source.postMessage(note + ' ' + shared));`,
};

let fixture: Fixture;
let server: ViteDevServer;
let origin: string;

test.beforeAll(async () => {
  fixture = await createFixture(FILES);
  const worker = {
    file: 'sw.js',
    source: 'sw.ts',
    format: 'worker',
    tsconfig: 'tsconfig.json',
    precache: true,
    baked: true,
  } as const;
  const bake = async () => ({ config: { api: [], whoami: '/who', signIn: {}, sockets: [] } });
  server = await createServer({
    root: fixture.root,
    configFile: false,
    logLevel: 'error',
    plugins: [workerPlugin({ scripts: [worker], bake })],
    server: { host: '127.0.0.1', port: 0 },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (typeof address !== 'object' || !address) throw new Error('the dev server has no address');
  origin = `http://127.0.0.1:${address.port}`;
});
test.afterAll(async () => {
  await server.close();
  await fixture.remove();
});

/** The worker's answer, which contains the text of both of its modules. */
const askWorker = (page: Page): Promise<string> =>
  page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        navigator.serviceWorker.addEventListener('message', (event) => resolve(String(event.data)), { once: true });
        navigator.serviceWorker.controller?.postMessage('?');
      }),
  );

test('updates the worker without a reload of the page when its source changes [dev-worker-edit]', async ({ page }) => {
  const navigations: string[] = [];
  page.on('framenavigated', (frame) => navigations.push(frame.url()));
  await page.goto(origin);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  expect(await askWorker(page)).toBe('first shared');

  const changed = page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true }),
      ),
  );
  await fixture.write('note.ts', "export const note = 'second';");
  await changed;
  expect(await askWorker(page)).toBe('second shared');
  expect(navigations).toHaveLength(1);
});

test('updates the page and the worker when a shared module changes', async ({ page }) => {
  await page.goto(origin);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const updated = page.evaluate(
    () =>
      new Promise<void>((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true }),
      ),
  );
  const moduleRequest = page.waitForRequest((request) => request.url().includes('/shared.ts?t='));
  await fixture.write('shared.ts', FILES['shared.ts'].replace("'shared'", "'changed'"));
  await Promise.all([updated, moduleRequest]);
  expect(await askWorker(page)).toMatch(/ changed$/);
});
