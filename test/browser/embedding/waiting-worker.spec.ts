import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, sessionStateOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import {
  connectSite,
  embeddingConfig,
  keeperScript,
  openSite,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';
import { updateToWait } from '../../support/page/update.ts';

/** The usual "update now" prompt of a site. */
const PROMPT = "addEventListener('message', (event) => event.data === 'update now' && skipWaiting());";

const signOut = (page: Page): Promise<unknown> => page.evaluate(() => window.keeper.signOut());

/** Signs out and in again: the token of the waiting worker's install time is revoked. */
const signInAgain = async (page: Page): Promise<void> => {
  await signOut(page);
  await signInSite(page);
};

const letTakeOver = async (page: Page): Promise<void> => {
  await page.evaluate(async () => {
    const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
    const registration = await navigator.serviceWorker.getRegistration();
    registration?.waiting?.postMessage('update now');
    await changed;
  });
};

let site: EmbeddingSite;
test.beforeEach(async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startEmbeddingSite();
  site.serve('/', PLAIN_PAGE);
  site.serve('/sw.js', `${await keeperScript(embeddingConfig())}${PROMPT}`);
});
test.afterEach(() => site.stop());

const CASES = [
  { title: 'signed in while it waited', before: async () => undefined, meanwhile: signInSite, state: 'active' },
  { title: 'signed out while it waited', before: signInSite, meanwhile: signOut, state: 'signed-out' },
  { title: 'signed out and in again while it waited', before: signInSite, meanwhile: signInAgain, state: 'active' },
] as const;

for (const { title, before, meanwhile, state } of CASES)
  test(`a worker that becomes active knows that the user ${title} [waiting-worker]`, async ({ page }) => {
    await openSite(page, site.origin, '/sw.js');
    await before(page);
    const next = `${await keeperScript(embeddingConfig())}${PROMPT}// the next version`;
    await updateToWait(page, () => site.serve('/sw.js', next));
    await meanwhile(page);
    await letTakeOver(page);
    expect(await fetchOnce(page, '/api/me')).toBe(state === 'active' ? 200 : 401);
    await page.reload();
    await connectSite(page, '/sw.js');
    await expectSession(page, state);
    expect(await sessionStateOf(page)).toBe(state);
  });
