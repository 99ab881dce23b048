import type { Locator, Page } from 'playwright-core';
import type { SignInModule } from './sign-in-module.ts';

const FORM_WITHIN_MS = 15_000;
const DONE_WITHIN_MS = 20_000;

export const PASSWORD_FIELD = 'input[type="password"]:visible';
/** The name of a user stands in a text field before the password. */
const NAME_FIELDS = [
  'input[autocomplete="username"]:visible',
  'input[type="email"]:visible',
  'input[name*="user" i]:visible',
  'input[name*="email" i]:visible',
  'input[name*="login" i]:visible',
  'input[type="text"]:visible',
];
const TO_SIGN_IN = /^\s*(sign|log) ?in\b|\bcontinue with (single|sso)|^anmelden$/i;

const firstOf = async (page: Page, selectors: readonly string[]): Promise<Locator | undefined> => {
  for (const selector of selectors) {
    const found = page.locator(selector).first();
    if ((await found.count()) > 0) return found;
  }
  return undefined;
};

/** Waits for a password field. Where there is none, it opens what is called "Sign in" first. */
const openForm = async (page: Page): Promise<void> => {
  const field = page.locator(PASSWORD_FIELD).first();
  const entrance = page
    .getByRole('link', { name: TO_SIGN_IN })
    .or(page.getByRole('button', { name: TO_SIGN_IN }))
    .first();
  await field.or(entrance).first().waitFor({ timeout: FORM_WITHIN_MS });
  if ((await field.count()) > 0) return;
  await entrance.click();
  await field.waitFor({ timeout: FORM_WITHIN_MS });
};

/** Fills in the form of a site that asks for name and password, on one page or on two. */
export const formSignIn = (username: string, password: string): SignInModule['signIn'] => {
  return async (page) => {
    await openForm(page).catch(() => undefined);
    const name = await firstOf(page, NAME_FIELDS);
    await name?.fill(username);
    const field = page.locator(PASSWORD_FIELD).first();
    if ((await field.count()) === 0) {
      await name?.press('Enter');
      await field.waitFor({ timeout: FORM_WITHIN_MS });
    }
    await field.fill(password);
    await field.press('Enter');
    await page.locator(PASSWORD_FIELD).first().waitFor({ state: 'hidden', timeout: DONE_WITHIN_MS });
  };
};
