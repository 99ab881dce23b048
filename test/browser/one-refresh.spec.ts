import type { Page } from '@playwright/test';
import { expect, test } from '../support/e2e.ts';
import { connectKeeper, sessionStateOf } from '../support/keeper-page.ts';
import { fetchAll, fetchOnce, MODELS } from '../support/page-fetch.ts';
import { seesSignedIn, signIn, TOKEN_KINDS } from '../support/sign-in.ts';

const TABS = 10;
const REQUESTS = 50;

for (const kind of TOKEN_KINDS) {
  test(`d. ${kind}: ten tabs reload at once with an expired access token; one refresh grant, no failure`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const others = await Promise.all(Array.from({ length: TABS - 1 }, () => context.newPage()));
    await Promise.all(others.map((tab) => tab.goto(app.origin)));
    const tabs: readonly Page[] = [page, ...others];
    await Promise.all(tabs.map(seesSignedIn));

    const before = await lab.stats();
    await lab.expireTokens();
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map(seesSignedIn));
    expect(await Promise.all(tabs.map((tab) => fetchOnce(tab)))).toEqual(tabs.map(() => 200));
    expect((await lab.stats()).refreshGrants).toBe(before.refreshGrants + 1);
    await connectKeeper(page);
    expect(await sessionStateOf(page)).toBe('active');
  });

  test(`d. ${kind}: fifty parallel requests after the tokens expired; one refresh, 50 × 200`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const before = await lab.stats();
    await lab.expireTokens();
    const requests = Array.from({ length: REQUESTS }, () => MODELS);
    expect(await fetchAll(page, requests)).toEqual(requests.map(() => 200));
    expect((await lab.stats()).refreshGrants).toBe(before.refreshGrants + 1);
  });
}
