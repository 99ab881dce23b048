import type { Page } from '@playwright/test';
import { test as base } from '../../support/browser/crashes.ts';
import { expect } from '../../support/browser/expect.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import { startClientSite, type ClientSite } from '../../support/sites/client-site.ts';
import type { libraries } from './client-libraries.ts';

declare global {
  interface Window {
    libraries: typeof libraries;
    keeper: Keeper;
    /** The output of a client in this page, in order. */
    output: unknown[];
  }
}

/** One site for all tests of one process of the runner. */
export const test = base.extend<object, { site: ClientSite }>({
  site: [
    async ({}, use) => {
      const site = await startClientSite();
      await use(site);
      await site.stop();
    },
    { scope: 'worker' },
  ],
});

export { expect };

/** Opens a page of the site, connected and signed in. */
export const openClient = async (page: Page, { origin }: ClientSite): Promise<Page> => {
  await page.goto(origin);
  await page.waitForFunction(() => 'libraries' in window);
  await page.evaluate(async () => {
    window.output = [];
    window.keeper = await window.libraries.connect();
    if (window.keeper.snapshot.session.state !== 'active')
      await window.keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' });
  });
  return page;
};

export const twoTabs = async (page: Page, site: ClientSite): Promise<readonly [Page, Page]> => [
  await openClient(page, site),
  await openClient(await page.context().newPage(), site),
];

export const outputOf = (page: Page): Promise<unknown[]> => page.evaluate(() => window.output);

/** Polls the output of a client until it equals `expected`. */
export const expectOutput = (page: Page, expected: unknown): Promise<void> =>
  expect.poll(() => outputOf(page), { timeout: 15_000, intervals: [20] }).toEqual(expected);
