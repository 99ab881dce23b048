import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { boolean, list, optional } from '../../src/protocol/schema/schema-types.ts';
import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { formSignIn } from './form-sign-in.ts';
import type { SignInModule } from './sign-in-module.ts';

/** A file of Playwright's `context.storageState()`. */
const COOKIE = object({
  name: string,
  value: string,
  domain: string,
  path: string,
  expires: optional(number),
  httpOnly: optional(boolean),
  secure: optional(boolean),
});
const STORAGE_STATE = object({
  cookies: list(COOKIE),
  origins: list(object({ origin: string, localStorage: list(object({ name: string, value: string })) })),
});
type StorageState = Infer<typeof STORAGE_STATE>;

const restore = async (page: Page, { cookies, origins }: StorageState): Promise<void> => {
  await page.context().addCookies(
    cookies.map(({ name, value, domain, path, expires = -1, httpOnly = false, secure = false }) => ({
      ...{ name, value, domain, path, expires, httpOnly, secure },
    })),
  );
  const entries = origins.find(({ origin }) => origin === new URL(page.url()).origin)?.localStorage ?? [];
  const script = entries
    .map(({ name, value }) => `localStorage.setItem(${JSON.stringify(name)}, ${JSON.stringify(value)});`)
    .join('\n');
  await page.evaluate(script);
  await page.reload({ waitUntil: 'load' });
};

/** `undefined` when the file is no storage state. */
export const storageStateSignIn = (file: string): SignInModule['signIn'] | undefined => {
  try {
    const state = STORAGE_STATE.read(parseJson(readFileSync(file, 'utf8')));
    return state && ((page) => restore(page, state));
  } catch {
    return undefined;
  }
};

export type SiteFlags = {
  user?: string | undefined;
  password?: string | undefined;
  storageState?: string | undefined;
  signedInWhen?: string | undefined;
  proof?: string | undefined;
  userField?: string | undefined;
};

const isVisible = (page: Page, selector: string): Promise<boolean> => page.locator(selector).first().isVisible();

/** What the flags say wins over what the module says. */
export const withFlags = (module: SignInModule, flags: SiteFlags): SignInModule => {
  const { signedInWhen, proof = module.proof, userField = module.userField } = flags;
  const isSignedIn =
    signedInWhen === undefined ? module.isSignedIn?.bind(module) : (page: Page) => isVisible(page, signedInWhen);
  return { ...module, proof, userField, ...(isSignedIn ? { isSignedIn } : {}) };
};

/** A site that only flags describe. `undefined` when they name no way to sign in. */
export const siteFromFlags = (flags: SiteFlags): SignInModule | undefined => {
  const { user, password, storageState } = flags;
  if (storageState !== undefined) {
    const signIn = storageStateSignIn(storageState);
    return signIn && withFlags({ signIn }, flags);
  }
  if (user === undefined || password === undefined) return undefined;
  return withFlags({ signIn: formSignIn(user, password) }, flags);
};
