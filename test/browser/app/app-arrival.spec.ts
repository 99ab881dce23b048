import type { BrowserContext, Locator, Page } from '@playwright/test';
import { launchBrowser } from '../../support/browser/crashes.ts';
import { expectSocket, listen, newTopic, numbersOf, publish } from '../../support/page/channels.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { expect, test } from '../../support/e2e.ts';
import { useAppKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signInByHand } from '../../support/page/sign-in.ts';

/** A browser as people use it: Playwright hides scrollbars and switches off the back/forward cache. */
const likePeople = async (viewport: { width: number; height: number }): Promise<BrowserContext> => {
  const ignoreDefaultArgs = ['--hide-scrollbars', '--disable-back-forward-cache'];
  const browser = await launchBrowser({ ...launchOptions(), ignoreDefaultArgs });
  return browser.newContext({ viewport });
};

/** The layout shifts since the document began (https://wicg.github.io/layout-instability/). */
const moved = (page: Page): Promise<readonly string[]> =>
  page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const found: string[] = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) found.push(JSON.stringify(entry));
        }).observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(found))));
      }),
  );

/**
 * Retries, because a page on a busy machine may show "Reconnecting" and so move: a real fault moves each time. The blank
 * page makes the next one a new document, which another fragment would not.
 */
const arrivesStill = (page: Page, url: string, sign: Locator): Promise<void> =>
  expect(async () => {
    await page.goto('about:blank');
    await page.goto(url);
    await expect(sign).toBeVisible();
    expect(await moved(page), url).toEqual([]);
  }).toPass({ timeout: 40_000 });

for (const viewport of [
  { width: 1350, height: 940 },
  { width: 412, height: 823 },
]) {
  test(`no page moves while it loads, signed out or in, at ${viewport.width} px`, async ({ app, complaints }) => {
    const context = await likePeople(viewport);
    complaints.watch(context);
    const page = await context.newPage();
    await arrivesStill(page, app.origin, page.getByRole('textbox', { name: 'User name' }));
    await signInByHand(page, app.origin, 'password');
    for (const [hash, sign] of [
      ['', page.getByRole('heading', { name: 'Live connections' })],
      ['#messages', page.locator('session-messages').getByText('This device', { exact: true })],
      ['#timeline', page.locator('session-lanes .name').first()],
      ['#tryIt', page.locator('session-demo h1')],
    ] as const)
      await arrivesStill(page, `${app.origin}/${hash}`, sign);
    await context.browser()?.close();
  });
}

/** Reasons of the browser itself to drop a page from the cache; a fault of the page has another name. */
const OF_THE_BROWSER = ['navigation-canceled', 'masked'];

type Restored = 'restored' | { reasons: readonly string[] };

/** Leaves the page and goes back to it (https://html.spec.whatwg.org/#the-notrestoredreasons-interface). */
const thereAndBack = async (page: Page, elsewhere: string): Promise<Restored> => {
  const marked = await page.evaluate(() => (document.documentElement.dataset['mark'] = crypto.randomUUID()));
  await page.goto(elsewhere);
  // a page from the cache fires no `load`
  await page.goBack({ waitUntil: 'commit' });
  await expect(page.locator('session-status')).toBeVisible();
  return page.evaluate((mark): Restored => {
    if (document.documentElement.dataset['mark'] === mark) return 'restored';
    const [navigation] = performance.getEntriesByType('navigation');
    const why = navigation?.toJSON() as { notRestoredReasons?: { reasons?: { reason: string }[] } | null } | undefined;
    return { reasons: why?.notRestoredReasons?.reasons?.map(({ reason }) => reason) ?? [] };
  }, marked);
};

test('a page from the back/forward cache reconnects, and receives new messages', async ({ app, complaints }) => {
  const context = await likePeople({ width: 1350, height: 940 });
  complaints.watch(context);
  // The other page is a picture without an icon of its own, so the browser looks for this one.
  complaints.expect(/\/favicon\.ico\)$/);
  const page = await context.newPage();
  await signInByHand(page, app.origin, 'password');
  const topic = newTopic();
  let restored: Restored = { reasons: OF_THE_BROWSER };
  while (restored !== 'restored') {
    expect(OF_THE_BROWSER).toEqual(expect.arrayContaining([...restored.reasons]));
    await seesSignedIn(page);
    await useAppKeeper(page);
    await expectSocket(page, 'open');
    await listen(page, topic);
    restored = await thereAndBack(page, `${app.origin}/favicon.svg`);
  }
  await expectSocket(page, 'open');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are signed in as Demo User.');
  expect(await fetchOnce(page)).toBe(200);
  expect(await publish(page, topic, 1, 1)).toEqual([true]);
  await expect.poll(() => numbersOf(page, topic)).toEqual([1]);
  await context.browser()?.close();
});

test('the faults in the picture of the first page strike one after another', async ({ page, app }) => {
  await page.goto(app.origin);
  const faults = page.locator('session-welcome .faults span');
  await expect(faults.last()).toBeVisible();
  const delays = await faults.evaluateAll((spans) =>
    spans.map((span) => parseFloat(getComputedStyle(span).animationDelay)),
  );
  expect(delays).toHaveLength(5);
  expect(delays).toEqual([...new Set(delays)].toSorted((one, other) => one - other));
  expect(delays[0]).toBeGreaterThan(0);
});
