import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startDeployment, type Deployment } from '../../test/support/server/deployment.ts';
import { fillInForm, killWorker, sendForm } from '../../scripts/docs/demo-app.ts';
import { updateToWait } from '../../test/support/page/update.ts';

/** The app in one of its states, with the levers that lead there. */
type Stage = { context: BrowserContext; page: Page; site: Deployment };

/** `leave`: undoes what `enter` did, so that the next state begins with a connected session. */
type AppState = { name: string; enter(stage: Stage): Promise<unknown>; leave?(stage: Stage): Promise<unknown> };

const post = (site: Deployment, path: string, body: object = {}): Promise<unknown> =>
  fetch(`${site.origin}/lab${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const status = (page: Page, word: string) => page.getByRole('button', { name: `Session: ${word}` }).waitFor();

const signIn = async (page: Page): Promise<void> => {
  await fillInForm(page);
  await sendForm(page);
};

const isConnected = async (page: Page): Promise<void> => {
  await status(page, 'Connected');
  await page.getByRole('main').getByText('Everything is connected.').waitFor();
};

/** Makes the session renew now, and gives each renewal this answer. */
const renewWith = async ({ page, site }: Stage, answer: object): Promise<void> => {
  await post(site, '/faults', { at: 'token', ...answer });
  await post(site, '/tokens/expire');
  await page.evaluate(() => void fetch('/api/v1/llm/models'));
};

const repair = async ({ page, site }: Stage): Promise<void> => {
  await fetch(`${site.origin}/lab/faults`, { method: 'DELETE' });
  await page.getByRole('button', { name: 'Try now' }).first().click();
  await isConnected(page);
};

const FIRST_PARTS = '**/assets/first-parts-*.js';

/** In this order each state begins where the one before ended. */
const APP_STATES: readonly AppState[] = [
  {
    // What a first visitor sees whose network is slow.
    name: 'restoring',
    enter: async ({ page, site }) => {
      await page.route(FIRST_PARTS, () => new Promise(() => undefined));
      await page.goto(site.origin, { waitUntil: 'commit' });
      await page.getByText('Restoring your session').waitFor();
    },
    leave: ({ page }) => page.unroute(FIRST_PARTS),
  },
  {
    name: 'signed-out',
    enter: async ({ page, site }) => {
      await page.goto(site.origin);
      await page.getByLabel('User name').waitFor();
      await page.getByRole('button', { name: 'Try it now' }).waitFor();
    },
  },
  {
    // A reload and a killed worker, so that there is something to show.
    name: 'signed-in',
    enter: async ({ page }) => {
      await signIn(page);
      await page.reload();
      await isConnected(page);
      await killWorker(page);
      await page.evaluate(() => fetch('/api/v1/llm/models'));
      await isConnected(page);
    },
  },
  {
    name: 'offline',
    enter: async ({ context, page }) => {
      await context.setOffline(true);
      await status(page, 'Offline');
    },
    leave: async ({ context, page }) => {
      await context.setOffline(false);
      await isConnected(page);
    },
  },
  {
    name: 'reconnecting',
    enter: async (stage) => {
      await post(stage.site, '/faults', { at: 'ticket', kind: 'status', status: 503 });
      await renewWith(stage, { kind: 'status', status: 503 });
      await post(stage.site, '/sockets/drop');
      await status(stage.page, 'Reconnecting');
    },
    leave: repair,
  },
  {
    name: 'sign-in-required',
    enter: async (stage) => {
      const body = JSON.stringify({ error: 'interaction_required' });
      await renewWith(stage, { kind: 'answer', status: 400, type: 'application/json', body });
      await status(stage.page, 'Sign in again');
      // The dialog is over the page; this is the page with its notice, after the person has closed the dialog.
      await stage.page.keyboard.press('Escape');
    },
    leave: async ({ page, site }) => {
      await fetch(`${site.origin}/lab/faults`, { method: 'DELETE' });
      await page.getByRole('button', { name: 'Sign in again' }).last().click();
      await page.getByLabel('Password', { exact: true }).last().fill('demo');
      await page.keyboard.press('Enter');
      await isConnected(page);
    },
  },
  {
    name: 'update-ready',
    enter: async ({ page, site }) => {
      await updateToWait(page, () => site.deploy());
      await page.locator('session-notices').getByText('A new version is ready.').waitFor();
    },
    leave: async ({ page }) => {
      await page.getByRole('button', { name: 'Reload' }).click();
      await isConnected(page);
    },
  },
  {
    name: 'limited',
    enter: async ({ page, site }) => {
      await post(site, '/sockets/drop', { code: 4403 });
      await status(page, 'Limited');
    },
  },
  {
    name: 'ended-by-server',
    enter: async ({ page, site }) => {
      await post(site, '/session/revoke');
      await post(site, '/tokens/expire');
      await page.evaluate(() => void fetch('/api/v1/llm/models'));
      await page.getByRole('region', { name: 'Sign in' }).getByText('Why was I signed out?').click();
    },
  },
];

/** Leads the real app through all of its states, and calls `visit` in each. A visit may change the window, not the app. */
export const visitStates = async (
  browser: Browser,
  options: Parameters<Browser['newContext']>[0],
  visit: (name: string, page: Page) => Promise<void>,
): Promise<void> => {
  const site = await startDeployment();
  try {
    // The picture of the first screen is whole at once without motion.
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    for (const { name, enter, leave } of APP_STATES) {
      await enter({ context, page, site });
      await visit(name, page);
      await leave?.({ context, page, site });
    }
    await context.close();
  } finally {
    await site.stop();
  }
};
