import type { BrowserContext, Page } from '@playwright/test';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import { expect, test } from '../../support/e2e.ts';
import { connectKeeper, sessionStateOf } from '../../support/page/keeper-page.ts';
import { fetchAll, fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const TABS = 10;
const REQUESTS = 50;

const tenTabs = async (
  page: Page,
  context: BrowserContext,
  origin: string,
  kind: SignInKind,
): Promise<readonly Page[]> => {
  await signIn(page, origin, kind);
  const others = await Promise.all(Array.from({ length: TABS - 1 }, () => context.newPage()));
  await Promise.all(others.map((tab) => tab.goto(origin)));
  const tabs = [page, ...others];
  await Promise.all(tabs.map(seesSignedIn));
  // The list of devices is the app's last request. One that is on its way begins a refresh, which a kill then repeats.
  await Promise.all(tabs.map((tab) => expect(tab.getByText('This one')).toBeVisible()));
  return tabs;
};

for (const kind of TOKEN_KINDS) {
  test(`${kind}: refreshes once when ten tabs reload with an expired access token [ten-tabs-reload]`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    const tabs = await tenTabs(page, context, app.origin, kind);
    const before = await lab.stats();
    await lab.expireTokens();
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map(seesSignedIn));
    expect(await Promise.all(tabs.map((tab) => fetchOnce(tab)))).toEqual(tabs.map(() => 200));
    expect((await lab.stats()).refreshGrants).toBe(before.refreshGrants + 1);
    await connectKeeper(page);
    expect(await sessionStateOf(page)).toBe('active');
  });

  test(`${kind}: refreshes once when ten tabs send requests with an expired access token and a dead worker [ten-tabs-dead-worker]`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    const tabs = await tenTabs(page, context, app.origin, kind);
    const before = await lab.stats();
    await lab.expireTokens();
    await killWorkers(page);
    expect(await Promise.all(tabs.map((tab) => fetchOnce(tab)))).toEqual(tabs.map(() => 200));
    expect((await lab.stats()).refreshGrants).toBe(before.refreshGrants + 1);
  });

  test(`${kind}: refreshes once for fifty parallel requests with expired tokens [fifty-requests]`, async ({
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
