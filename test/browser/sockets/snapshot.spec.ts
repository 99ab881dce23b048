import type { Page } from '@playwright/test';
import type { ChannelEvent } from '../../../src/page/types/channel-types.ts';
import { expectAll, expectSocket, listen, newTopic, numbersOf } from '../../support/page/channels.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { signIn } from '../../support/page/sign-in.ts';

declare global {
  interface Window {
    /** The events of a reader with a `snapshot` option, and a way to finish its loading. */
    slow: { events: AsyncIterator<ChannelEvent, undefined>; got: ChannelEvent[]; finish(offset: number): void };
  }
}

/** More than a page buffers for a slow reader. */
const FLOOD = 1_100;
const MORE = 5;

const openSlowReader = (page: Page, topic: string): Promise<void> =>
  page.evaluate((name) => {
    const load = async () => {
      const response = await window.keeper.fetch('/api/v1/notes');
      if (!response.ok)
        throw new Error('no state', { cause: { code: 'server-unavailable', at: 'notes', status: response.status } });
      return new Promise<{ data: string; offset: number }>((resolve) => {
        window.slow.finish = (offset) => resolve({ data: 'the state', offset });
      });
    };
    const channel = window.keeper.channel(name, { snapshot: load });
    const events = channel.events()[Symbol.asyncIterator]();
    window.slow = { events, got: [], finish: () => undefined };
  }, topic);

/** Reads all events from now on. */
const read = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { events, got } = window.slow;
    void (async () => {
      for (let next = await events.next(); !next.done; next = await events.next()) got.push(next.value);
    })();
  });

const gotBy = (page: Page): Promise<readonly ChannelEvent[]> => page.evaluate(() => window.slow.got);
const typesOf = async (page: Page) => (await gotBy(page)).map(({ type }) => type);

test('delivers a gap, the state and later messages, each once, to a reader that fell behind', async ({
  page,
  app,
  lab,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  const topic = newTopic();
  await signIn(page, app.origin, 'password');
  await expectSocket(page, 'open');
  await listen(page, topic);
  await openSlowReader(page, topic);
  await lab.publish({ topic, count: FLOOD, everyMs: 0 });
  await expectAll(page, topic, FLOOD);

  await lab.add({ at: 'api', path: '/api/v1/notes', kind: 'status', status: 503, times: 1 });
  await read(page);
  await expect.poll(() => typesOf(page)).toEqual(['gap', 'snapshot-failed']);
  await lab.publish({ topic, count: MORE, everyMs: 0 });
  await expect.poll(async () => (await numbersOf(page, topic)).length).toBe(FLOOD + MORE);
  const [gap, failed] = await gotBy(page);
  expect(failed).toMatchObject({ problem: { code: 'server-unavailable', status: 503 } });
  const to = gap?.type === 'gap' ? gap.to : 0;
  expect(to).toBeGreaterThan(1_000);

  const inState = to + 10;
  // The load repeats by itself. Before that there is none to finish.
  await expect
    .poll(async () => {
      await page.evaluate((offset) => window.slow.finish(offset), inState);
      return (await typesOf(page)).at(2);
    })
    .toBe('snapshot');
  const last = await page.evaluate((name) => {
    const newest = window.received[name]?.at(-1);
    return newest?.type === 'message' ? newest.offset : 0;
  }, topic);
  const expected = Array.from({ length: last - inState }, (_, index) => inState + 1 + index);
  const offsets = async () => (await gotBy(page)).flatMap((event) => (event.type === 'message' ? [event.offset] : []));
  await expect.poll(async () => (await offsets()).at(-1)).toBe(last);
  expect(await offsets()).toEqual(expected);
  expect((await typesOf(page)).filter((type) => type !== 'message')).toEqual(['gap', 'snapshot-failed', 'snapshot']);
});
