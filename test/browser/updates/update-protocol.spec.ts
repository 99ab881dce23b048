import type { Page } from '@playwright/test';
import { buildWith, type Build } from '../../support/server/build.ts';
import { expectAll, listen, newTopic, publish } from '../../support/page/channels.ts';
import { startDeployment, type Deployment } from '../../support/server/deployment.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { update } from '../../support/page/update.ts';

/* Pages and workers of two builds. `next` speaks the next protocol and ours. `far` no longer speaks ours. */
let next: Build;
let far: Build;
let site: Deployment;

const speaking =
  (protocol: number, oldest: number) =>
  (source: string): string =>
    source.replace(/(const PROTOCOL = )\d+/, `$1${protocol}`).replace(/(const OLDEST_PROTOCOL = )\d+/, `$1${oldest}`);

test.beforeAll(async () => {
  const file = 'src/protocol/version.ts';
  const { PROTOCOL } = await import('../../../src/protocol/version.ts');
  [next, far] = await Promise.all([
    buildWith(file, speaking(PROTOCOL + 1, PROTOCOL)),
    buildWith(file, speaking(PROTOCOL + 2, PROTOCOL + 1)),
  ]);
});
test.afterAll(() => Promise.all([next.remove(), far.remove()]));
test.beforeEach(async ({ afterwards }) => {
  site = await startDeployment();
  afterwards(site.stop);
});

const protocolOf = async (page: Page): Promise<number> => (await snapshotOf(page)).protocol;
const reloadIsDue = (page: Page): Promise<boolean> => page.evaluate(() => window.keeper.update.ready);

/** Expects that calls, publications and messages work between page and worker. */
const expectTalk = async (page: Page): Promise<void> => {
  const topic = newTopic();
  await listen(page, topic);
  expect(await publish(page, topic, 1, 5)).toEqual([true, true, true, true, true]);
  await expectAll(page, topic, 5);
};

test('an old page works with a new worker', async ({ page }) => {
  await signIn(page, site.origin, 'password');
  const ours = await protocolOf(page);
  await update(page, () => site.replace(next.distDir));
  await expect.poll(() => protocolOf(page)).toBe(ours + 1);
  await expectTalk(page);
});

test('a new page works with an old worker', async ({ page }) => {
  await signIn(page, site.origin, 'password');
  const ours = await protocolOf(page);
  await site.replace(next.distDir, 'without worker');
  await page.reload();
  await connectKeeper(page);
  expect(await protocolOf(page)).toBe(ours);
  await expectTalk(page);
});

test('an old page offers a reload when the worker is two protocols ahead', async ({ page }) => {
  await signIn(page, site.origin, 'password');
  expect(await reloadIsDue(page)).toBe(false);
  await update(page, () => site.replace(far.distDir));
  await expect.poll(() => reloadIsDue(page)).toBe(true);
  expect(await fetchOnce(page)).toBe(200);
  await page.reload();
  await connectKeeper(page);
  expect(await reloadIsDue(page)).toBe(false);
  await expectTalk(page);
});

test('a new page offers a reload when the worker is two protocols behind', async ({ page }) => {
  await signIn(page, site.origin, 'password');
  await site.replace(far.distDir, 'without worker');
  await page.reload();
  await connectKeeper(page);
  expect(await reloadIsDue(page)).toBe(true);
  expect(await fetchOnce(page)).toBe(200);
});
