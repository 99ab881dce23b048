import type { Page } from '@playwright/test';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, test } from '../../support/e2e.ts';
import { startExample, type ExampleServer } from '../../support/sites/example-server.ts';
import { startOtherOriginSite } from '../../support/sites/other-origin-site.ts';

let site: ExampleServer;
test.beforeAll(async () => {
  site = await startExample('examples/express/server.mjs');
});
test.afterAll(() => site.stop());

const status = (page: Page) => page.getByRole('status');
const inbox = (page: Page) => page.getByRole('list', { name: 'Inbox' }).getByRole('listitem');

const signIn = async (page: Page): Promise<void> => {
  await page.goto(site.origin);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(status(page)).toHaveText('ann, sealed');
};

/** A channel delivers what is published from its subscription on, and the page does not show when that is. */
const sayHello = (page: Page): Promise<void> =>
  expect(async () => {
    await page.getByRole('button', { name: 'Say hello' }).click();
    await expect(inbox(page).first()).toHaveText('Hello ann', { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });

const updateWorker = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const { installing } = (await registration?.update()) ?? {};
    return installing ? 'another worker' : 'the same worker';
  });

test('the Express example seals the session and delivers messages, also after a reload and a killed worker', async ({
  page,
}) => {
  await signIn(page);
  await sayHello(page);

  await page.reload();
  await expect(status(page)).toHaveText('ann, sealed');
  await killWorkers(page);
  await expect.poll(() => page.evaluate(async () => (await fetch('/api/whoami')).status)).toBe(200);
  await sayHello(page);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(status(page)).toHaveText('Signed out');
  await page.reload();
  await expect(status(page)).toHaveText('Signed out');
});

test('the Express example keeps its seal when a link of another site opens the page', async ({ page }) => {
  await signIn(page);
  const elsewhere = await startOtherOriginSite(
    () => `<!doctype html><link rel="icon" href="data:,"><a href="${site.origin}">site</a>`,
  );
  try {
    await page.goto(elsewhere.origin);
    await page.getByRole('link', { name: 'site' }).click();
    await expect(status(page)).toHaveText('ann, sealed');
    expect(await updateWorker(page)).toBe('the same worker');
    await page.reload();
    await expect(status(page)).toHaveText('ann, sealed');
  } finally {
    await elsewhere.close();
  }
});
