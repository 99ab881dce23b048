import { expect, type Page } from '@playwright/test';
import type { ChannelEvent, Keeper } from '../../src/page/types.ts';
import type { SignInIntent } from '../../src/protocol/bridge.ts';
import type { Snapshot } from '../../src/protocol/snapshot.ts';

declare global {
  interface Window {
    /** The library as a site would load it, beside whatever the page itself has. */
    keeper: Keeper;
    /** Every snapshot that this page was shown. */
    seen: Snapshot[];
    /** What channels brought, by topic. */
    heard: Record<string, ChannelEvent[]>;
  }
}

/** Loads the library into the page and connects it. */
export const connectKeeper = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as typeof import('../../src/page/index.ts');
    window.keeper = await connect({ worker: '/sw.js' });
    window.seen = [];
    window.heard = {};
    window.keeper.subscribe((snapshot) => window.seen.push(snapshot));
  });

export const openKeeper = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await connectKeeper(page);
};

export const snapshotOf = (page: Page): Promise<Snapshot> => page.evaluate(() => window.keeper.snapshot);

export const sessionStateOf = async (page: Page): Promise<string> => (await snapshotOf(page)).session.state;

export const socketStateOf = async (page: Page, url = '/api/socket'): Promise<string | undefined> =>
  (await snapshotOf(page)).sockets[url]?.state;

/** Signs in where the form is not the point, and waits until the session and its socket stand. */
export const signInBy = async (page: Page, intent: Exclude<SignInIntent, { kind: 'oidc' }>): Promise<void> => {
  const result = await page.evaluate((wanted) => window.keeper.signIn(wanted), intent);
  expect(result).toEqual({ ok: true, value: { type: 'signed-in' } });
  await expect.poll(() => sessionStateOf(page)).toBe('active');
};

export const DEMO = { kind: 'password', username: 'demo', password: 'demo' } as const;
export const DEMO_KEY = { kind: 'ticket', apiKey: 'demo-key' } as const;

export const socketOpen = (page: Page, url = '/api/socket'): Promise<void> =>
  expect.poll(() => socketStateOf(page, url)).toBe('open');

/** Collects all that the topic brings into `window.heard`. Resolves when the server has the subscription. */
export const listen = async (page: Page, topic: string): Promise<void> => {
  const echo = await page.evaluate(async (name) => {
    const channel = window.keeper.channel(name);
    const heard: ChannelEvent[] = (window.heard[name] = []);
    const events = channel.events();
    void (async () => {
      for await (const event of events) heard.push(event);
    })();
    return channel.publish('joined');
  }, topic);
  expect(echo.ok).toBe(true);
  const joined = (): Promise<boolean> =>
    page.evaluate(
      (name) =>
        (window.heard[name] ?? []).some((event) => event.type === 'message' && event.data === 'joined'),
      topic,
    );
  await expect.poll(joined).toBe(true);
};

/** The numbers of `/lab/publish` in the order in which they came, and gaps as they were told. */
export const numbersOf = (page: Page, topic: string): Promise<readonly (number | string)[]> =>
  page.evaluate(
    (name) =>
      (window.heard[name] ?? []).flatMap((event): (number | string)[] => {
        if (event.type === 'gap') return [`gap ${event.from}-${event.to}`];
        const { data } = event;
        const isNumbered = typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number';
        return isNumbered ? [data.n] : [];
      }),
    topic,
  );

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
