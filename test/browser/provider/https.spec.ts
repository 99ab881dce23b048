import { expectSocket } from '../../support/page/channels.ts';
import { expect, test } from '../../support/e2e.ts';
import { startHttpsSite, type HttpsSite } from '../../support/sites/https-site.ts';
import { connectKeeper, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signInByHand } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

let site: HttpsSite;
test.beforeAll(async () => {
  site = await startHttpsSite();
});
test.afterAll(() => site.stop());

test('keeps a sealed session of a provider of another site over HTTPS, a reload and a killed worker', async ({
  complaints,
}) => {
  const page = await site.browser.newPage();
  complaints.watch(page.context());
  await signInByHand(page, site.origin, 'oidc');
  await connectKeeper(page);
  await expectSocket(page, 'open');
  expect((await snapshotOf(page)).tier).toBe('sealed');
  await page.reload();
  await seesSignedIn(page);
  await killWorkers(page);
  expect(await fetchOnce(page)).toBe(200);
  await connectKeeper(page);
  await expectSocket(page, 'open');
  expect(new Set(site.proxy.versions)).toEqual(new Set(['2.0']));
});
