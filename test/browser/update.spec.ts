import type { Page } from '@playwright/test';
import { expectAll, expectSocket, listen, newTopic } from '../support/channels.ts';
import { startDeployment, type Deployment } from '../support/deployment.ts';
import { watchDocument } from '../support/document.ts';
import { expect, test } from '../support/e2e.ts';
import { openKeeper, snapshotOf } from '../support/keeper-page.ts';
import { fetchOnce } from '../support/page-fetch.ts';
import { signIn } from '../support/sign-in.ts';

const UPDATES = 10;
const IN_CONTROL_WITHIN_MS = 2_000;
const COUNT = 1_000;
const PUBLISH_EVERY_MS = 10;

let site: Deployment;
test.beforeEach(async () => {
  site = await startDeployment();
});
test.afterEach(() => site.stop());

/** Has the browser look for a newer worker; the time (ms) from its installation until it controls this page. */
const update = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const installed = new Promise<number>((resolve) =>
      registration.addEventListener('updatefound', () => {
        const newcomer = registration.installing;
        newcomer?.addEventListener('statechange', () => resolve(performance.now()), { once: true });
      }),
    );
    const controlled = new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    );
    await registration.update();
    await controlled;
    return performance.now() - (await installed);
  });

test('ten updates in a row while messages and a stream of events come: nothing is lost', async ({ page, context }) => {
  test.setTimeout(120_000);
  const { origin, lab } = site;
  const topic = newTopic();
  await signIn(page, origin, 'password');
  const other = await context.newPage();
  await openKeeper(other, origin);
  for (const tab of [page, other]) {
    await expectSocket(tab, 'open');
    await listen(tab, topic);
  }
  const documents = [await watchDocument(page), await watchDocument(other)];
  await page.evaluate(() => void new EventSource('/api/v1/media/stream'));
  await lab.publish({ topic, count: COUNT, everyMs: PUBLISH_EVERY_MS });
  for (let round = 1; round <= UPDATES; round += 1) {
    const build = await site.deploy();
    expect(await update(page)).toBeLessThan(IN_CONTROL_WITHIN_MS);
    for (const tab of [page, other]) await expect.poll(async () => (await snapshotOf(tab)).build).toBe(build);
    expect(await fetchOnce(page)).toBe(200);
    await expectSocket(page, 'open');
  }
  for (const tab of [page, other]) await expectAll(tab, topic, COUNT);
  for (const document of documents) await document.expect();
  await expect.poll(async () => (await lab.stats()).socketsOpen).toBe(1);
  expect((await lab.stats()).tokenRequests).toBe(1);
});
