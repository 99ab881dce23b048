import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { USER, type ExampleApp, type Hash } from './app.ts';

const SHOWN_WITHIN_MS = 30_000;

const fileOf = (folder: string): string => join(folder, 'users', `${USER.name}.json`);
const addUser = async (folder: string, hash: Hash): Promise<void> => {
  const user = { password: hash(USER.password), log: false, networks: [], sessions: {} };
  await writeFile(fileOf(folder), JSON.stringify(user));
};

/** The Lounge: a web client for IRC with socket.io, a service worker, and a token in `localStorage`. */
export const theLounge: ExampleApp = {
  name: 'thelounge',
  version: '4.5.2',
  // It names a commit on GitHub; the registry has the release of it.
  overrides: { 'irc-framework': '4.14.0' },
  ready: '/',
  prepare: async ({ folder, packages, port, hash }) => {
    const config = {
      ...{ public: false, host: '127.0.0.1', port, prefetch: false, messageStorage: [], fileUpload: { enable: false } },
    };
    await writeFile(join(folder, 'config.js'), `module.exports = ${JSON.stringify(config)};\n`);
    await mkdir(join(folder, 'users'));
    await addUser(folder, hash);
    const cwd = join(packages, 'thelounge');
    return { entry: join(cwd, 'dist/server/index.js'), args: ['start'], cwd, env: { THELOUNGE_HOME: folder } };
  },
  // The server watches this folder, as `thelounge remove` relies on.
  removeUser: (folder) => rm(fileOf(folder)),
  addUser,
  site: {
    signIn: async (page) => {
      await page.locator('#signin-username').fill(USER.name, { timeout: SHOWN_WITHIN_MS });
      await page.locator('#signin-password').fill(USER.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('#sidebar').waitFor({ timeout: SHOWN_WITHIN_MS });
    },
    signOut: async (page) => {
      await page.goto(new URL('#/settings/account', page.url()).href);
      await page.getByRole('button', { name: 'Sign out' }).click({ timeout: SHOWN_WITHIN_MS });
    },
    isSignedIn: (page) => page.locator('#sidebar').isVisible(),
    // The token goes through the socket, so no request proves the session.
    renews: false,
  },
};
