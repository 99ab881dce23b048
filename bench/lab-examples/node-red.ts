import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { USER, type ExampleApp } from './app.ts';

const SHOWN_WITHIN_MS = 30_000;

/** The editor of Node-RED: a token in `localStorage`, which lives for a week, and a WebSocket `/comms`. */
export const nodeRed: ExampleApp = {
  name: 'node-red',
  version: '5.0.7',
  ready: '/auth/login',
  sessionMs: 7 * 24 * 3_600_000,
  prepare: async ({ folder, packages, port, hash }) => {
    const users = [{ username: USER.name, password: hash(USER.password), permissions: '*' }];
    const settings = {
      ...{ uiHost: '127.0.0.1', uiPort: port, userDir: folder, flowFile: 'flows.json', credentialSecret: false },
      adminAuth: { type: 'credentials', users },
      // The tour of a new version would cover the editor.
      editorTheme: { tours: false, codeEditor: { lib: 'ace' } },
      telemetry: { enabled: false, updateNotification: false },
    };
    const file = join(folder, 'settings.cjs');
    await writeFile(file, `module.exports = ${JSON.stringify(settings)};\n`);
    return { entry: join(packages, 'node-red/red.js'), args: ['--settings', file], cwd: folder };
  },
  site: {
    signIn: async (page) => {
      await page.locator('#node-dialog-login-username').fill(USER.name, { timeout: SHOWN_WITHIN_MS });
      await page.locator('#node-dialog-login-password').fill(USER.password);
      await page.locator('#node-dialog-login-submit').click();
      await page.locator('#red-ui-workspace').waitFor({ timeout: SHOWN_WITHIN_MS });
      await page.locator('#red-ui-header-button-user').waitFor({ timeout: SHOWN_WITHIN_MS });
    },
    signOut: async (page) => {
      await page.locator('#red-ui-header-button-user').click({ timeout: SHOWN_WITHIN_MS });
      await page.locator('#usermenu-item-logout').click();
    },
    isSignedIn: async (page) =>
      (await page.locator('#red-ui-header-button-user').isVisible()) &&
      !(await page.locator('#node-dialog-login').isVisible()),
    // The menu "System info" asks for the diagnostics of the server.
    act: async (page) => {
      await page.evaluate(`RED.actions.invoke('core:show-system-info')`);
      await page.keyboard.press('Escape');
    },
    renews: false,
    authorize: (page) =>
      page.evaluate(
        `(() => { const kept = localStorage.getItem('auth-tokens'); return kept ? { authorization: 'Bearer ' + JSON.parse(kept).access_token } : {}; })()`,
      ),
    proof: '/settings',
    userField: 'user.username',
  },
};
