import type { Page } from '@playwright/test';
import { expect } from '../browser/expect.ts';
import type { ChannelEvent } from '../../../src/page/types/channel-types.ts';
import type { SocketStateName } from '../../../src/protocol/snapshot.ts';
import { snapshotOf, type Evaluates } from './keeper-page.ts';

declare global {
  interface Window {
    /** Events that channels brought to this document, by topic. */
    received: Record<string, ChannelEvent[]>;
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

/** A topic that no other test uses. */
export const newTopic = (): string => {
  topics += 1;
  return `topic-${process.pid}-${topics}`;
};

const JOINED = 'joined';

/** Collects all events of the topic in the page. Resolves when the page has received its own message. */
export const listen = async (page: Evaluates, topic: string): Promise<void> => {
  await page.evaluate((name) => {
    const list: ChannelEvent[] = [];
    window.received = { ...window.received, [name]: list };
    const events = window.keeper.channel(name).events();
    void (async () => {
      for await (const event of events) list.push(event);
    })();
  }, topic);
  const echoed = (): Promise<boolean> =>
    page.evaluate(
      async ([name, word]) => {
        await window.keeper.channel(name).publish(word);
        return (window.received[name] ?? []).some((event) => event.type === 'message' && event.data === word);
      },
      [topic, JOINED] as const,
    );
  await expect.poll(echoed).toBe(true);
};

/** The `n` of each message and a text for each gap, in their order. */
export const numbersOf = (page: Evaluates, topic: string): Promise<readonly (number | string)[]> =>
  page.evaluate(
    (name) =>
      (window.received[name] ?? []).flatMap((event): (number | string)[] => {
        if (event.type === 'gap') return [`gap ${event.from}-${event.to}`];
        if (event.type !== 'message') return [event.type];
        const { data } = event;
        return typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number' ? [data.n] : [];
      }),
    topic,
  );

/** Waits until more than `count` events have come. */
export const expectMoreThan = (page: Page, topic: string, count: number): Promise<void> =>
  expect
    .poll(async () => (await numbersOf(page, topic)).length, { intervals: [20], timeout: 20_000 })
    .toBeGreaterThan(count);

/** Waits for the last of `count` messages. Each must have come once and in order. */
export const expectAll = async (page: Page, topic: string, count: number): Promise<void> => {
  await expect.poll(async () => (await numbersOf(page, topic)).at(-1), { timeout: 20_000 }).toBe(count);
  expect(await numbersOf(page, topic)).toEqual(upTo(count));
};

/** Publishes `{ n }` for `count` numbers. Returns for each whether the server acknowledged it. */
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
