import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { USER, type ExampleApp } from './app.ts';

const SHOWN_WITHIN_MS = 30_000;
/** A package that only signed-in users may read. */
const PACKAGE = 'lab-example';

const publish = async (storage: string): Promise<void> => {
  const version = {
    name: PACKAGE,
    version: '1.0.0',
    dist: { tarball: 'http://localhost/lab-example/-/lab-example-1.0.0.tgz', shasum: '' },
  };
  const time = {
    created: '2026-01-01T00:00:00.000Z',
    modified: '2026-01-01T00:00:00.000Z',
    '1.0.0': '2026-01-01T00:00:00.000Z',
  };
  const manifest = { name: PACKAGE, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version }, time };
  await mkdir(join(storage, PACKAGE), { recursive: true });
  await writeFile(
    join(storage, PACKAGE, 'package.json'),
    JSON.stringify({ ...manifest, _attachments: {}, _distfiles: {}, readme: '' }),
  );
  await writeFile(
    join(storage, '.verdaccio-db.json'),
    JSON.stringify({ list: [PACKAGE], secret: randomBytes(16).toString('hex') }),
  );
};

/** The web pages of Verdaccio, a registry for npm: a JSON Web Token in `localStorage`, which lives for an hour. No socket. */
export const verdaccio: ExampleApp = {
  name: 'verdaccio',
  version: '6.10.4',
  // It names the tag "cjs", which is this version. Some mirrors of the registry have no tags.
  overrides: { 'node-fetch': '2.6.7' },
  ready: '/-/ping',
  sessionMs: 3_600_000,
  prepare: async ({ folder, packages, port, hash }) => {
    await publish(join(folder, 'storage'));
    await writeFile(join(folder, 'htpasswd'), `${USER.name}:${hash(USER.password)}\n`);
    const config = {
      ...{
        storage: join(folder, 'storage'),
        uplinks: {},
        web: { enable: true },
        log: { type: 'stdout', level: 'error' },
      },
      auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: -1, algorithm: 'bcrypt' } },
      packages: { '**': { access: '$authenticated', publish: '$authenticated' } },
    };
    const file = join(folder, 'config.yaml');
    // JSON is YAML too.
    await writeFile(file, JSON.stringify(config));
    const args = ['--config', file, '--listen', `127.0.0.1:${port}`];
    return { entry: join(packages, 'verdaccio/bin/verdaccio'), args, cwd: folder };
  },
  site: {
    signIn: async (page) => {
      await page.getByTestId('header--button-login').click({ timeout: SHOWN_WITHIN_MS });
      await page.locator('#login--dialog-username').fill(USER.name, { timeout: SHOWN_WITHIN_MS });
      await page.locator('#login--dialog-password').fill(USER.password);
      await page.locator('#login--dialog-button-submit').click();
      await page.getByTestId('logInDialogIcon').waitFor({ timeout: SHOWN_WITHIN_MS });
    },
    signOut: async (page) => {
      await page.getByTestId('logInDialogIcon').click({ timeout: SHOWN_WITHIN_MS });
      await page.locator('#logOutDialogIcon').click();
    },
    isSignedIn: (page) => page.getByTestId('logInDialogIcon').isVisible(),
    // The page of a package asks for its data, and the list of packages too.
    act: async (page) => {
      await page.locator(`a[href*="/-/web/detail/${PACKAGE}"]`).first().click({ timeout: 2_000 });
      await page.goBack({ waitUntil: 'commit' });
    },
    renews: false,
    authorize: (page) =>
      page.evaluate(
        `(() => { const token = localStorage.getItem('token'); return token ? { authorization: 'Bearer ' + token } : {}; })()`,
      ),
    proof: `/-/verdaccio/data/sidebar/${PACKAGE}`,
  },
};
