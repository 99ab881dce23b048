import type { Page } from '@playwright/test';
import { expect } from '../browser/expect.ts';
import type { SignInIntent } from '../../../src/protocol/bridge/calls.ts';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import { connectKeeper, DEMO, DEMO_KEY, openKeeper, sessionStateOf } from './keeper-page.ts';

export const SIGN_IN_KINDS = ['oidc', 'password', 'ticket'] as const satisfies readonly SignInKind[];
/** The kinds whose tokens the worker keeps and refreshes. */
export const TOKEN_KINDS = ['oidc', 'password'] as const satisfies readonly SignInKind[];

export const INTENTS: Record<SignInKind, SignInIntent> = { oidc: { kind: 'oidc' }, password: DEMO, ticket: DEMO_KEY };

/** Fills in the page of the embedded provider. The provider then sends the browser back to the app. */
export const atProvider = async (page: Page): Promise<void> => {
  await page.waitForURL(/\/sign-in\//);
  await page.getByLabel('User name').fill(DEMO.username);
  await page.getByLabel('Password').fill(DEMO.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

/** Opens the app, connects a keeper and signs in with it, without the forms. */
export const signIn = async (page: Page, origin: string, kind: SignInKind): Promise<void> => {
  await openKeeper(page, origin);
  if (kind === 'oidc') {
    await page.evaluate((intent) => void window.keeper.signIn(intent), INTENTS.oidc);
    await atProvider(page);
    await page.waitForURL(`${origin}/`);
    await connectKeeper(page);
  } else {
    const result = await page.evaluate((intent) => window.keeper.signIn(intent), INTENTS[kind]);
    expect(result).toEqual({ ok: true, value: { type: 'signed-in' } });
  }
  await expect.poll(() => sessionStateOf(page)).toBe('active');
};

/** Fills in and submits the form of the kind, if one is on the screen. */
export const fillIn = async (page: Page, kind: Exclude<SignInKind, 'oidc'>): Promise<void> => {
  const label = kind === 'password' ? 'Password' : 'API key';
  await page.getByRole('radio', { name: label }).check();
  if (kind === 'password') await page.getByRole('textbox', { name: 'User name' }).fill(DEMO.username);
  await page.getByRole('textbox', { name: label }).fill(kind === 'password' ? DEMO.password : DEMO_KEY.apiKey);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};

/** Opens the app and signs in with the form, as a user does. */
export const signInByHand = async (page: Page, origin: string, kind: SignInKind): Promise<void> => {
  await page.goto(origin);
  if (kind === 'oidc') {
    await page.getByRole('button', { name: 'Continue with single sign-on' }).click();
    await atProvider(page);
    await page.waitForURL(`${origin}/`);
  } else {
    await fillIn(page, kind);
  }
  await seesSignedIn(page);
};

/** Expects that the interface shows the signed-in user. */
export const seesSignedIn = (page: Page): Promise<void> =>
  expect(page.getByRole('heading', { name: /^You are signed in/ })).toBeVisible();

/** Opens the menu of the account, which also has appearance, language and the settings. */
export const openMenu = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: /^(Account|Menu|Konto|Menü)/ }).click();
  await expect(page.getByRole('combobox', { name: /Language|Sprache/ })).toBeVisible();
};

/** Signs out in the menu of the account, as a user does. */
export const signOutByHand = async (page: Page): Promise<void> => {
  await openMenu(page);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
};
