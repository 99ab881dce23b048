import type { Page } from '@playwright/test';
import { expect } from '../browser/expect.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import type { SignInIntent } from '../../../src/protocol/bridge/calls.ts';
import type { SessionView, Snapshot } from '../../../src/protocol/snapshot.ts';

declare global {
  interface Window {
    /** The library as a site loads it, beside the page's own keeper. */
    keeper: Keeper;
    /** All snapshots that this page received. */
    seen: Snapshot[];
  }
}

/** The part of a page that the drivers of all engines support. */
export type Evaluates = Pick<Page, 'evaluate'>;

/** Loads the library into the page and connects it. */
export const connectKeeper = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as typeof import('../../../src/page/index.ts');
    window.keeper = await connect({ worker: '/sw.js' });
    window.seen = [];
    window.keeper.subscribe((snapshot) => window.seen.push(snapshot));
  });

export const openKeeper = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await connectKeeper(page);
};

/** Takes the app's own keeper: offline the page cannot load the library, because the app shell has no copy of it. */
export const useAppKeeper = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => {
    const status = document.querySelector('session-status');
    if (!status || !('keeper' in status) || !status.keeper) return false;
    window.keeper = status.keeper as Keeper;
    return true;
  });
};

export const snapshotOf = (page: Evaluates): Promise<Snapshot> => page.evaluate(() => window.keeper.snapshot);

/** Waits until the session of this page is in this state. */
export const expectSession = (page: Page, state: SessionView['state'], timeout = 10_000): Promise<void> =>
  expect.poll(() => sessionStateOf(page), { timeout, message: `session of ${page.url()}` }).toBe(state);

/** Waits until the session of this page has been in this state, even for a moment. */
export const expectSeen = (page: Page, state: SessionView['state']): Promise<void> =>
  expect
    .poll(() => page.evaluate((wanted) => window.seen.some(({ session }) => session.state === wanted), state))
    .toBe(true);

export const sessionStateOf = async (page: Evaluates): Promise<string> => (await snapshotOf(page)).session.state;

/** Signs in without the form, and waits until the session is active. */
export const signInBy = async (page: Page, intent: Exclude<SignInIntent, { kind: 'oidc' }>): Promise<void> => {
  const result = await page.evaluate((wanted) => window.keeper.signIn(wanted), intent);
  expect(result).toEqual({ ok: true, value: { type: 'signed-in' } });
  await expect.poll(() => sessionStateOf(page)).toBe('active');
};

export const DEMO = { kind: 'password', username: 'demo', password: 'demo' } as const;
export const DEMO_KEY = { kind: 'ticket', apiKey: 'demo-key' } as const;
