import { expect, test } from '../../support/e2e.ts';
import { connectKeeper } from '../../support/page/keeper-page.ts';
import { MODELS } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';

test('answers a page that puts keeper.fetch in the place of its own fetch', async ({ page, app }) => {
  await signIn(page, app.origin, 'password');
  await connectKeeper(page);
  const statuses = await page.evaluate(async (url) => {
    window.fetch = window.keeper.fetch;
    return [(await fetch(url)).status, (await window.keeper.fetch(url)).status];
  }, MODELS);
  expect(statuses).toEqual([200, 200]);
});
