import { join } from 'node:path';
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
 * `built`: the folder of the site that the backend serves. Empty: the site has a server of its own. `offline`: its worker
 * keeps the shell.
 */
type Site = { name: string; built: string; how: 'init' | 'plugin'; offline?: true };

const SITES: readonly Site[] = [
  { name: 'vite-react', built: 'dist', how: 'init' },
  { name: 'express', built: '', how: 'init' },
  { name: 'webpack', built: 'public', how: 'init' },
  { name: 'next-static', built: 'out', how: 'init' },
  { name: 'own-worker', built: 'public', how: 'init', offline: true },
  { name: 'vite-vue', built: 'dist', how: 'plugin' },
  { name: 'vite-pwa', built: 'dist', how: 'init', offline: true },
];
/** Their installations take longest. `PACKAGE_SITES=all npm run pack` drives them too. */
const LONG: ReadonlySet<string> = new Set(['next-static', 'vite-pwa', 'webpack']);
const driven = SITES.filter(({ name }) => process.env['PACKAGE_SITES'] === 'all' || !LONG.has(name));

describe.each(driven)('the package in $name', ({ name, built, how, offline }) => {
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

  test.runIf(how === 'plugin')('keeps the session at the same URL in development', async () => {
    const dev = await consumer.serve({ BACKEND: backend.origin }, 'dev.js');
    const page = await browser.newPage();
    const requests = await driveSession(page, dev.origin, backend);
    expect(requests.filter(({ authorization }) => authorization === undefined)).toEqual([]);
    await page.close();
    await dev.stop();
  });
});
