import type { Page } from '@playwright/test';
import { expect } from '../browser/expect.ts';
import type { ChannelEvent } from '../../../src/page/types/types.ts';
import type { SocketStateName } from '../../../src/protocol/snapshot.ts';
import { snapshotOf, type Evaluates } from './keeper-page.ts';

declare global {
  interface Window {
    /** What channels brought to this document, by topic. */
    heard: Record<string, ChannelEvent[]>;
  }
}

export const HUB = '/api/socket';
export const EVENTS = '/api/events';

/** Waits until the shared socket of this page's worker is in this state. */
export const expectSocket = (page: Page, state: SocketStateName, timeout = 10_000, url = HUB): Promise<void> =>
  expect
    .poll(async () => (await snapshotOf(page)).sockets[url]?.state, { timeout, message: `socket of ${page.url()}` })
    .toBe(state);

let topics = 0;

/** A topic that nobody has heard of. */
export const newTopic = (): string => {
  topics += 1;
  return `topic-${process.pid}-${topics}`;
};

const JOINED = 'joined';

/** Collects in the page all that the topic brings. Resolves when this page has heard itself through the server. */
export const listen = async (page: Evaluates, topic: string): Promise<void> => {
  await page.evaluate((name) => {
    const heard: ChannelEvent[] = [];
    window.heard = { ...window.heard, [name]: heard };
    const events = window.keeper.channel(name).events();
    void (async () => {
      for await (const event of events) heard.push(event);
    })();
  }, topic);
  const echoed = (): Promise<boolean> =>
    page.evaluate(
      async ([name, word]) => {
        await window.keeper.channel(name).publish(word);
        return (window.heard[name] ?? []).some((event) => event.type === 'message' && event.data === word);
      },
      [topic, JOINED] as const,
    );
  await expect.poll(echoed).toBe(true);
};

/** The `n` of what came, in the order in which it came, and gaps as they were told. */
export const numbersOf = (page: Evaluates, topic: string): Promise<readonly (number | string)[]> =>
  page.evaluate(
    (name) =>
      (window.heard[name] ?? []).flatMap((event): (number | string)[] => {
        if (event.type === 'gap') return [`gap ${event.from}-${event.to}`];
        if (event.type !== 'message') return [event.type];
        const { data } = event;
        return typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number' ? [data.n] : [];
      }),
    topic,
  );

/** Waits until more than so many have come. */
export const heardMoreThan = (page: Page, topic: string, count: number): Promise<void> =>
  expect
    .poll(async () => (await numbersOf(page, topic)).length, { intervals: [20], timeout: 20_000 })
    .toBeGreaterThan(count);

/** Waits for the last of `count` messages; then each must have come once and in order. */
export const expectAll = async (page: Page, topic: string, count: number): Promise<void> => {
  await expect.poll(async () => (await numbersOf(page, topic)).at(-1), { timeout: 20_000 }).toBe(count);
  expect(await numbersOf(page, topic)).toEqual(upTo(count));
};

/** Publishes `{ n }` for each of `count` numbers; tells of each whether the server acknowledged it. */
export const publish = (page: Page, topic: string, from: number, count: number): Promise<readonly boolean[]> =>
  page.evaluate(
    async ([name, first, length]) => {
      const channel = window.keeper.channel(name);
      const sent = Array.from({ length }, (_, index) => channel.publish({ n: first + index }));
      return (await Promise.all(sent)).map(({ ok }) => ok);
    },
    [topic, from, count] as const,
  );

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
