import type { Page } from '@playwright/test';
import { expectSocket } from '../../support/page/channels.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper } from '../../support/page/keeper-page.ts';
import { signInByHand } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

declare global {
  interface Window {
    /** Joins and leaves of others at `general`, in order. */
    others: string[];
  }
}

/** The server's grace of 10 s, and time for a loaded machine. */
const LEFT_WITHIN_MS = 30_000;

const devices = (page: Page) => page.getByRole('list', { name: 'Here now' }).getByRole('listitem');

const openMessages = async (page: Page, origin: string): Promise<void> => {
  await signInByHand(page, origin, 'password');
  await page.getByRole('link', { name: 'Messages' }).click();
  await connectKeeper(page);
  await expectSocket(page, 'open');
};

const watchOthers = (page: Page): Promise<void> =>
  page.evaluate(() => {
    window.others = [];
    const presence = window.keeper.channel('general').presence();
    void (async () => {
      for await (const { type, member } of presence) if (!member.self) window.others.push(type);
    })();
  });

const becomes = (page: Page, name: string): Promise<unknown> =>
  page.evaluate((word) => window.keeper.channel('general').presence().update({ name: word }), name);

test('shows a leave when the last tab of a device closes, and none at a reload or a killed worker', async ({
  page,
  browser,
  app,
  lab,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  const context = await browser.newContext();
  complaints.watch(context);
  const other = await context.newPage();
  await openMessages(page, app.origin);
  await openMessages(other, app.origin);
  await expect(devices(page)).toHaveText(['This device', /^Chrome, /]);
  await expect(devices(other)).toHaveText([/^Chrome, /, 'This device']);
  await watchOthers(page);

  await test.step('its worker is killed', async () => {
    const { socketsOpened } = await lab.stats();
    await killWorkers(other);
    await expect
      .poll(async () => (await lab.stats()).socketsOpened, { timeout: 20_000 })
      .toBeGreaterThan(socketsOpened);
    await becomes(other, 'Phone');
    await expect(devices(page)).toHaveText(['This device', 'Phone']);
    expect(await page.evaluate(() => window.others)).toEqual(['joined', 'updated']);
  });

  await test.step('its only tab is reloaded', async () => {
    await other.reload();
    await expect(devices(page)).toHaveText(['This device', /^Chrome, /]);
    expect(await page.evaluate(() => window.others)).toEqual(['joined', 'updated', 'updated']);
  });

  await test.step('its only tab is closed', async () => {
    await other.close();
    await expect(devices(page)).toHaveText(['This device'], { timeout: LEFT_WITHIN_MS });
    expect(await page.evaluate(() => window.others)).toEqual(['joined', 'updated', 'updated', 'left']);
  });
  await context.close();
});
