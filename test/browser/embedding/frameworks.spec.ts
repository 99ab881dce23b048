import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import type { EmbeddingSite } from '../../support/sites/embedding-site.ts';
import { startFrameworkExample } from '../../support/sites/framework-example.ts';

const user = (page: Page) => page.locator('output');
const button = (page: Page, name: string) => page.getByRole('button', { name });
const inbox = (page: Page) => page.getByRole('heading', { name: 'Your inbox' });
const mayEdit = (page: Page) => page.getByText('You may edit.');
const signedOut = (page: Page) => page.getByText('You are signed out.');

/** Through the guard to the sign-in page, and back to the page that the user wanted. */
const signInByGuard = async (page: Page): Promise<void> => {
  await page.getByRole('link', { name: 'Inbox' }).click();
  await page.waitForURL(/\/sign-in\?returnTo=(%2F|\/)inbox$/);
  await button(page, 'Sign in').click();
};

/** What a user without the role sees instead of the page. */
const FORBIDDEN: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  react: (page) => expect(page.getByText('You may not see this.')).toBeVisible(),
  vue: (page) => expect(inbox(page)).toBeVisible(),
};

for (const name of ['react', 'vue', 'svelte'])
  test.describe(`the example of ${name}`, () => {
    let site: EmbeddingSite;
    test.beforeAll(async () => {
      site = await startFrameworkExample(name);
    });
    test.afterAll(() => site.stop());

    test(`${name}: guards pages by session and role, over a reload and a sign-out`, async ({ page, complaints }) => {
      complaints.expect(FAILED_REQUEST);
      await page.goto(site.origin);
      await expect(user(page)).toHaveText('No one');
      await expect(signedOut(page)).toBeVisible();
      const isForbidden = FORBIDDEN[name];
      if (isForbidden) await signInByGuard(page);
      else await button(page, 'Sign in').click();
      await expect(inbox(page)).toBeVisible();
      await expect(user(page)).toHaveText('ann');
      await expect(mayEdit(page)).toBeVisible();

      await page.reload();
      await expect(inbox(page)).toBeVisible();
      await expect(mayEdit(page)).toBeVisible();
      await expect(page.getByRole('heading', { name: 'Admin' })).toBeHidden();

      await button(page, 'Sign out').click();
      await expect(user(page)).toHaveText('No one');
      await expect(inbox(page)).toBeHidden();
      if (!isForbidden) return;

      // Vue Router does not run the guard again for the page that it shows.
      await page.goto(site.origin);
      await signInByGuard(page);
      await expect(inbox(page)).toBeVisible();
      await page.getByRole('link', { name: 'Admin' }).click();
      await isForbidden(page);
    });
  });
