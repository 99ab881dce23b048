import type { Page } from '@playwright/test';
import { expectAccessible } from '../../support/browser/accessible.ts';
import { snapshotOf, useAppKeeper } from '../../support/page/keeper-page.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { signInByHand } from '../../support/page/sign-in.ts';

/** Long enough for the slowest recovery on a busy machine. */
const RECOVERED = { timeout: 60_000 };

const fault = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) });

const seesRecovery = (page: Page, name: string): Promise<void> =>
  expect(fault(page, name)).toContainText(/Recovered in/, RECOVERED);

test('each fault of the resilience page is survived, over a reload, with a verdict and a report', async ({
  page,
  app,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  test.slow();
  await signInByHand(page, app.origin, 'password');
  await page.getByRole('link', { name: 'Resilience' }).click();
  await expect(page.getByText('Nothing is broken yet.')).toBeVisible();
  await expectAccessible(page);

  for (const name of ['Drop the socket', 'Expire all tokens', 'Lose an answer', 'Forty at once', 'Server away']) {
    await fault(page, name).click();
    await seesRecovery(page, name);
  }
  await test.step('a new version takes the place of the worker', async () => {
    await useAppKeeper(page);
    const before = (await snapshotOf(page)).worker.id;
    await fault(page, 'Deploy a version').click();
    await seesRecovery(page, 'Deploy a version');
    expect((await snapshotOf(page)).worker.id).not.toBe(before);
  });
  await test.step('the run goes on after a reload', async () => {
    const loaded = page.waitForEvent('load');
    await fault(page, 'Reload').click();
    await loaded;
    await seesRecovery(page, 'Reload');
    await expect(fault(page, 'Drop the socket')).toContainText('Recovered in');
  });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.locator('session-lab').getByText('It held.')).toBeVisible(RECOVERED);
  await expect(page.getByText(/^7 faults, no sign-out\./)).toBeVisible();
  await expectAccessible(page);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export report' }).click();
  expect((await download).suggestedFilename()).toBe('session-lab.json');
});

test('a server without fault routes gets an explanation instead of buttons', async ({ page, app }) => {
  await page.route('**/offer.json', (route) => route.fulfill({ json: { lab: false } }));
  await signInByHand(page, app.origin, 'password');
  await page.goto(`${app.origin}/#lab`);
  await expect(page.getByRole('heading', { name: 'This server has no fault routes.' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'All of them' })).toHaveCount(0);
});
