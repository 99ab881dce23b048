import { chromium, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { expectSocket, listen, newTopic, numbersOf, publish } from '../support/channels.ts';
import { launchOptions } from '../support/browser.ts';
import { expect, test } from '../support/e2e.ts';
import { useAppKeeper } from '../support/keeper-page.ts';
import { fetchOnce } from '../support/page-fetch.ts';
import { signInByHand } from '../support/sign-in.ts';

/** As people have it: Playwright hides the scrollbars, and switches off the cache of pages to go back to. */
const likePeople = async (viewport: { width: number; height: number }): Promise<BrowserContext> => {
  const ignoreDefaultArgs = ['--hide-scrollbars', '--disable-back-forward-cache'];
  const browser = await chromium.launch({ ...launchOptions(), ignoreDefaultArgs });
  return browser.newContext({ viewport });
};

/** What moved since the document began (https://wicg.github.io/layout-instability/). */
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
 * Whatever moves each time is found; a machine that is so busy that the page says it is reconnecting gets another try.
 * Only another document begins anew, another fragment does not.
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
  test(`nothing moves while a page arrives, signed out or in, at ${viewport.width} px`, async ({ app, complaints }) => {
    const context = await likePeople(viewport);
    complaints.watch(context);
    const page = await context.newPage();
    await arrivesStill(page, app.origin, page.getByRole('textbox', { name: 'User name' }));
    await signInByHand(page, app.origin, 'password');
    for (const [hash, sign] of [
      ['', page.getByRole('heading', { name: 'Live connections' })],
      ['#messages', page.getByText('This device')],
      ['#timeline', page.locator('session-lanes .name').first()],
      ['#tryIt', page.locator('session-try h1')],
    ] as const)
      await arrivesStill(page, `${app.origin}/${hash}`, sign);
    await context.browser()?.close();
  });
}

test('out of the cache of pages to go back to, the page is connected again, and hears what is said then', async ({
  app,
  complaints,
}) => {
  const context = await likePeople({ width: 1350, height: 940 });
  complaints.watch(context);
  const page = await context.newPage();
  await signInByHand(page, app.origin, 'password');
  await useAppKeeper(page);
  await expectSocket(page, 'open');
  const topic = newTopic();
  await listen(page, topic);
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => {
      document.documentElement.dataset['persisted'] = String(persisted);
    });
  });
  await page.goto(`${app.origin}/favicon.svg`);
  // a page that comes out of the cache has no `load`
  await page.goBack({ waitUntil: 'commit' });
  await expect(page.locator('html')).toHaveAttribute('data-persisted', 'true');
  await expectSocket(page, 'open');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are signed in as Demo User.');
  expect(await fetchOnce(page)).toBe(200);
  expect(await publish(page, topic, 1, 1)).toEqual([true]);
  await expect.poll(() => numbersOf(page, topic)).toEqual([1]);
  await context.browser()?.close();
});
