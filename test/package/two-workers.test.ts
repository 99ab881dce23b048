import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchOptions } from '../support/browser/browser.ts';
import { killWorkers } from '../support/browser/worker-kill.ts';
import { startEmbeddingSite, type EmbeddingSite } from '../support/sites/embedding-site.ts';
import { installConsumer, type Consumer } from './consumer.ts';

/* Four workers on one origin, from the packed tarball: a keeper at the root, two apps with one each, and a foreign one. */

let browser: Browser;
let consumer: Consumer;
let backend: EmbeddingSite;
beforeAll(async () => {
  browser = await chromium.launch(launchOptions());
  consumer = await installConsumer('two-workers');
  await consumer.run('npm', 'run', 'build');
  backend = await startEmbeddingSite({ folder: join(consumer.dir, 'public') });
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await backend?.stop();
  await consumer?.remove();
});

const ROOTS = { '/': 'ida', '/a/': 'ann', '/b/': 'bob' } as const;

const ask = async (page: Page, answer: string): Promise<void> => {
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByText(answer).waitFor();
};

const signIn = async (page: Page, root: string, name: string): Promise<void> => {
  await page.goto(backend.origin + root);
  await page.getByText('Signed out', { exact: true }).waitFor();
  await page.getByLabel('User').fill(name);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText(`Hello ${name}`).waitFor();
};

test('each keeper has its own session, and leaves the pages of a foreign worker alone', async () => {
  const context = await browser.newContext();
  const errors: string[] = [];
  context.on('weberror', (error) => errors.push(error.error().message));
  const foreign = await context.newPage();
  const pages = new Map<string, Page>();
  for (const [root, name] of Object.entries(ROOTS)) {
    const page = await context.newPage();
    pages.set(name, page);
    await signIn(page, root, name);
  }
  await foreign.goto(`${backend.origin}/app/`);
  await foreign.getByText('Ready').waitFor();

  backend.received.length = 0;
  for (const [name, page] of pages) {
    await page.reload();
    await page.getByText(`Hello ${name}`).waitFor();
    await ask(page, `whoami 200 ${name}`);
  }
  await killWorkers(foreign);
  for (const [name, page] of pages) await ask(page, `whoami 200 ${name}`);
  await foreign.reload();
  await ask(foreign, '200 of the worker of /app/');
  expect(backend.received.filter(({ authorization }) => authorization === undefined)).toEqual([]);

  await pages.get('ann')?.getByRole('button', { name: 'Sign out' }).click();
  await pages.get('ann')?.getByText('Signed out', { exact: true }).waitFor();
  for (const name of ['ida', 'bob']) {
    await pages.get(name)?.reload();
    await pages.get(name)?.getByText(`Hello ${name}`).waitFor();
  }
  const scopes = await foreign.evaluate(async () => {
    const registrations = await navigator.serviceWorker.getRegistrations();
    return registrations.map(({ scope, active }) => `${new URL(scope).pathname} ${active?.scriptURL.split('/').pop()}`);
  });
  expect(scopes.toSorted()).toEqual(['/ sw.js', '/a/ sw.js', '/app/ worker.js', '/b/ sw.js']);
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);
