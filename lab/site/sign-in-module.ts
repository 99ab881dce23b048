import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { isObject, own } from '../../src/protocol/schema/json.ts';

/** What the backend of a site can do on command. Each one makes more scenarios possible. */
export type SiteHooks = {
  /** Makes the access tokens that were issued so far invalid. */
  expireAccess?(): Promise<void>;
  /** Ends the session at the server: the next refresh fails for good. */
  revoke?(): Promise<void>;
  /** Sets the server's clock `ms` ahead. 0 sets it right again. */
  shiftClock?(ms: number): Promise<void>;
  /** Serves another version of the site from now on. */
  deploy?(): Promise<void>;
  /** Publishes messages with the numbers from 1 to `count` to the user's pages. */
  publish?(count: number): Promise<void>;
  /** Makes the page listen to these messages. It runs once, before the first step. */
  listen?(page: Page): Promise<void>;
  /** The numbers that the page has received, in order. */
  received?(page: Page): Promise<readonly number[]>;
  /** Sets the backend right after a scenario. */
  reset?(): Promise<void>;
};

/**
 * How a site is signed in to, and how one sees that it is. A sign-in module exports these names.
 *
 * @example
 * export const signIn = async (page) => {
 *   await page.getByLabel('Email').fill('me@example.com');
 *   await page.getByLabel('Password').fill(process.env.PASSWORD);
 *   await page.getByRole('button', { name: 'Log in' }).click();
 * };
 * export const isSignedIn = (page) => page.getByText('Your projects').isVisible();
 * export const proof = '/api/me';
 */
export type SignInModule = {
  /** Signs in on the page, which shows the site's address. */
  signIn(page: Page): Promise<void>;
  /** Signs out on a page that shows a user. Without it the lab clicks what is called "Sign out" or "Log out". */
  signOut?(page: Page): Promise<void>;
  /** Another user, for scenarios with two. */
  signInOther?(page: Page): Promise<void>;
  /** Whether the page shows a signed-in user. */
  isSignedIn?(page: Page): Promise<boolean>;
  /**
   * What a signed-in user does that makes the page ask its backend. Without it, and without a worker, the site's code sees no
   * answer to the requests that the lab sends.
   */
  act?(page: Page): Promise<void>;
  /** A path of the backend that answers only signed-in users, such as `/api/me`. */
  proof?: string | undefined;
  /** The field of that answer that names the user, such as `sub` or `user.id`. */
  userField?: string | undefined;
  /**
   * The headers that the page's own code adds to a request, such as a bearer token from `localStorage`. Without it the lab
   * asks with cookies only, or waits for the site's own requests of the proof path.
   */
  authorize?(page: Page): Promise<Readonly<Record<string, string>>>;
  /**
   * Whether the site renews its tokens while it runs, which is the default. `false`: one token or cookie serves the whole
   * session. None expires in its middle, and scenarios about the renewal are left out.
   */
  renews?: boolean | undefined;
  hooks?: SiteHooks | undefined;
};

export type LoadedModule = { type: 'loaded'; module: SignInModule } | { type: 'problem'; detail: string };

const isFunction = (value: unknown): value is (...args: never[]) => unknown => typeof value === 'function';
const isOptional = (value: unknown, check: (value: unknown) => boolean): boolean => value === undefined || check(value);

/** The first name that has the wrong type, or `undefined`. */
const wrongName = (found: object): string | undefined => {
  const checks: readonly [name: string, isRight: (value: unknown) => boolean][] = [
    ['signIn', isFunction],
    ['signOut', (value) => isOptional(value, isFunction)],
    ['signInOther', (value) => isOptional(value, isFunction)],
    ['isSignedIn', (value) => isOptional(value, isFunction)],
    ['proof', (value) => isOptional(value, (text) => typeof text === 'string')],
    ['act', (value) => isOptional(value, isFunction)],
    ['userField', (value) => isOptional(value, (text) => typeof text === 'string')],
    ['authorize', (value) => isOptional(value, isFunction)],
    ['renews', (value) => isOptional(value, (flag) => typeof flag === 'boolean')],
    ['hooks', (value) => isOptional(value, isObject)],
  ];
  return checks.find(([name, isRight]) => !isRight(Reflect.get(found, name)))?.[0];
};

/** Loads a file of JavaScript or TypeScript that exports the names of `SignInModule`, or a default export with them. */
export const loadSignInModule = async (file: string): Promise<LoadedModule> => {
  const problem = (detail: string): LoadedModule => ({ type: 'problem', detail: `${file}: ${detail}` });
  try {
    const loaded: unknown = await import(pathToFileURL(file).href);
    if (!isObject(loaded)) return problem('it exports nothing.');
    const inner = own(loaded, 'default');
    const found = isObject(inner) && !isFunction(own(loaded, 'signIn')) ? inner : loaded;
    const wrong = wrongName(found);
    if (wrong !== undefined)
      return problem(
        wrong === 'signIn' ? 'it must export a function signIn(page).' : `the export "${wrong}" has the wrong type.`,
      );
    return { type: 'loaded', module: found as unknown as SignInModule };
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
};
