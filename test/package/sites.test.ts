import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import { chromium, type Browser, type Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchOptions } from '../support/browser/browser.ts';
import { killWorkers } from '../support/browser/worker-kill.ts';
import { startEmbeddingSite, type ApiRequest, type EmbeddingSite } from '../support/sites/embedding-site.ts';
import { installConsumer, type Consumer } from './consumer.ts';

/* The packed tarball in projects outside this repository. `npm run pack` first. */

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch(launchOptions());
});
afterAll(() => browser.close());

const whoamiOf = (site: EmbeddingSite) => site.received.filter(({ path }) => path === '/api/me');

/** Signs in, reloads, and asks the backend again after the worker died. */
const driveSession = async (page: Page, origin: string, backend: EmbeddingSite): Promise<readonly ApiRequest[]> => {
  await page.goto(`${origin}/`);
  await page.getByText('Signed out', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Hello ann').waitFor();
  backend.received.length = 0;
  await page.reload();
  await page.getByText('Hello ann').waitFor();
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByText('whoami 200').waitFor();
  await killWorkers(page);
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect.poll(() => whoamiOf(backend).filter(({ status }) => status === 200).length).toBeGreaterThan(1);
  return whoamiOf(backend);
};

/**
 * `built`: the folder of the site that the backend serves. Empty: the site has a server of its own. `how`: what puts the
 * worker there, where `import` is the site's own worker. `dev`: it has a development server. `offline`: its worker keeps
 * the shell.
 */
type Site = { name: string; built: string; how: 'init' | 'plugin' | 'import'; dev?: true; offline?: true };

const SITES: readonly Site[] = [
  { name: 'vite-react', built: 'dist', how: 'plugin', dev: true },
  { name: 'express', built: '', how: 'init' },
  { name: 'webpack', built: 'public', how: 'plugin', dev: true },
  { name: 'angular', built: 'dist', how: 'init' },
  { name: 'next-static', built: 'out', how: 'init' },
  { name: 'own-worker', built: 'public', how: 'init', offline: true },
  { name: 'vite-vue', built: 'dist', how: 'plugin', dev: true },
  { name: 'vite-pwa', built: 'dist', how: 'init', offline: true },
  { name: 'inject-manifest', built: 'dist', how: 'import', offline: true },
  { name: 'sveltekit', built: 'build', how: 'plugin', dev: true },
  { name: 'astro', built: 'dist', how: 'plugin' },
  { name: 'next-server', built: '', how: 'init' },
];
/** Their installations take longest. `PACKAGE_SITES=all npm run pack` drives them too. */
const LONG: ReadonlySet<string> = new Set([
  'angular',
  'astro',
  'inject-manifest',
  'next-server',
  'next-static',
  'sveltekit',
  'vite-pwa',
  'webpack',
]);
const WANTED = process.env['PACKAGE_SITES'] ?? '';
/** `PACKAGE_SITES` is "all", or names with commas in between. */
const driven = SITES.filter(({ name }) =>
  WANTED === '' ? !LONG.has(name) : WANTED === 'all' || WANTED.split(',').includes(name),
);

describe.each(driven)('the package in $name', ({ name, built, how, dev: hasDevServer, offline }) => {
  let consumer: Consumer;
  let backend: EmbeddingSite;
  let server: { origin: string; stop(): Promise<void> } | undefined;
  beforeAll(async () => {
    consumer = await installConsumer(name);
    if (how === 'init') await consumer.run('npx', 'session-keeper', 'init', '--yes');
    await consumer.run('npm', 'run', 'build');
    backend = await startEmbeddingSite(built === '' ? {} : { folder: join(consumer.dir, built) });
    if (built === '') server = await consumer.serve({ PORT: '0', BACKEND: backend.origin }, 'server.js');
  }, 400_000);
  afterAll(async () => {
    await server?.stop();
    if (!offline) await backend?.stop();
    await consumer?.remove();
  });

  test.runIf(how === 'init')('has the files of this version after init', async () => {
    expect(await consumer.run('npx', 'session-keeper', 'init', '--check')).toContain('belong to this version');
  });

  test.runIf(name === 'webpack')('has no devtools in the production build', async () => {
    const names = (await readdir(join(consumer.dir, built))).filter((each) => each.endsWith('.js'));
    const scripts = await Promise.all(names.map((each) => readFile(join(consumer.dir, built, each), 'utf8')));
    expect(scripts.some((text) => text.includes('serviceWorker'))).toBe(true);
    expect(scripts.some((text) => text.includes('session-devtools'))).toBe(false);
  });

  test.runIf(name === 'vite-react')('shows the devtools in development', async () => {
    const dev = await consumer.serve({ BACKEND: backend.origin }, 'dev.js');
    const page = await browser.newPage();
    await page.goto(`${dev.origin}/`);
    await page.getByRole('button', { name: 'Session Keeper:' }).click();
    await page.getByText('proven by whoami at').or(page.getByText('compatible')).first().waitFor();
    await page.evaluate(() => void Promise.reject(new Error('of the page')));
    await page.getByRole('tab', { name: 'Errors' }).click();
    await page.getByText('Error: of the page').waitFor();
    await page.getByRole('tab', { name: 'Timeline' }).click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    expect(await page.locator('session-devtools').count()).toBe(1);
    await page.close();
    await dev.stop();
  });

  test('keeps the session over a reload and the death of the worker', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    const requests = await driveSession(page, server?.origin ?? backend.origin, backend);
    expect(requests.filter(({ authorization }) => authorization === undefined)).toEqual([]);
    expect(errors).toEqual([]);
    if (offline) {
      await backend.stop();
      await page.reload();
      await page.getByText('Hello ann').waitFor();
    }
    await page.close();
  });

  test.runIf(hasDevServer)('keeps the session at the same URL in development', async () => {
    const dev = await consumer.serve({ BACKEND: backend.origin }, 'dev.js');
    const page = await browser.newPage();
    const requests = await driveSession(page, dev.origin, backend);
    expect(requests.filter(({ authorization }) => authorization === undefined)).toEqual([]);
    await page.close();
    await dev.stop();
  });
});
