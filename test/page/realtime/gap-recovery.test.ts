import { describe, expect, test } from 'vitest';
import { createChannels } from '../../../src/page/realtime/channels.ts';
import type { ChannelEvent, Gap, LoadedSnapshot, SnapshotLoader } from '../../../src/page/types/channel-types.ts';
import { ok } from '../../../src/protocol/problem.ts';

type Loading = { gap: Gap; signal: AbortSignal; answer(loaded: LoadedSnapshot): void; fail(error: unknown): void };

/** A page that reads `news`. The test decides when a state is loaded and when a pause ends. */
const setUp = () => {
  const loadings: Loading[] = [];
  const pauses: (() => void)[] = [];
  const channels = createChannels(
    () => Promise.resolve(ok(null)),
    () => undefined,
    () => new Promise((resolve) => pauses.push(() => resolve(undefined))),
  );
  const snapshot: SnapshotLoader = (gap, signal) =>
    new Promise((answer, fail) => loadings.push({ gap, signal, answer, fail }));
  const channel = channels.channel('news', { snapshot });
  const events = channel.events()[Symbol.asyncIterator]();
  const receive = (...offsets: readonly number[]) => {
    for (const offset of offsets)
      channels.receive({ type: 'event', topic: 'news', epoch: 'e', offset, data: offset, bytes: 1 });
  };
  const gap = (from: number, to: number, epoch = 'e') =>
    channels.receive({ type: 'gap', topic: 'news', epoch, from, to });
  channels.receive({ type: 'joined', topic: 'news', at: { epoch: 'e', offset: 0 } });
  return { channels, channel, events, receive, gap, loadings, pauses };
};

const short = (event: ChannelEvent): string => {
  if (event.type === 'message') return String(event.offset);
  if (event.type === 'gap') return `gap ${event.from}-${event.to}`;
  return event.type === 'snapshot' ? `state ${String(event.data)}` : `failed ${event.problem.code}`;
};

const take = async (events: AsyncIterator<ChannelEvent, undefined>, count: number): Promise<readonly string[]> => {
  const taken: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { value } = await events.next();
    taken.push(value ? short(value) : 'end');
  }
  return taken;
};

const until = <T>(look: () => T | undefined): Promise<T> =>
  expect
    .poll(look)
    .toBeDefined()
    .then(() => look() as T);

describe('the state after a gap', () => {
  test('comes after the gap and before newer messages, and replaces those that it includes', async () => {
    const { events, receive, gap, loadings } = setUp();
    receive(1);
    gap(2, 5);
    expect(await take(events, 2)).toEqual(['1', 'gap 2-5']);
    const rest = take(events, 3);
    const [loading] = await until(() => (loadings.length > 0 ? loadings : undefined));
    expect(loading?.gap).toEqual({ type: 'gap', topic: 'news', from: 2, to: 5 });
    receive(6, 7, 8, 9);
    loading?.answer({ data: 'up to 7', offset: 7 });
    expect(await rest).toEqual(['state up to 7', '8', '9']);
  });

  test('is followed by all received messages when the loader returns no offset', async () => {
    const { events, receive, gap, loadings } = setUp();
    gap(1, 2);
    const all = take(events, 4);
    const [loading] = await until(() => (loadings.length > 0 ? loadings : undefined));
    receive(3, 4);
    loading?.answer({ data: 'some' });
    expect(await all).toEqual(['gap 1-2', 'state some', '3', '4']);
  });

  test('is loaded again after a pause, and messages wait, when the loader fails', async () => {
    const { events, receive, gap, loadings, pauses } = setUp();
    gap(1, 2);
    const all = take(events, 5);
    (await until(() => loadings[0])).fail(new Error('no'));
    receive(3);
    (await until(() => pauses[0]))();
    const cause = { code: 'network-unreachable', at: '/api' } as const;
    (await until(() => loadings[1])).fail(new TypeError('failed', { cause }));
    (await until(() => pauses[1]))();
    (await until(() => loadings[2])).answer({ data: 'late' });
    expect(await all).toEqual(['gap 1-2', 'failed unexpected-answer', 'failed network-unreachable', 'state late', '3']);
  });

  test('is loaded again only for a gap that it does not cover, or for another epoch', async () => {
    const { events, receive, gap, loadings } = setUp();
    gap(1, 2);
    const all = take(events, 7);
    const first = await until(() => loadings[0]);
    gap(3, 4);
    receive(5);
    first.answer({ data: 'first', offset: 4 });
    gap(6, 0, 'another');
    (await until(() => loadings[1])).answer({ data: 'second', offset: 1 });
    gap(6, 9);
    (await until(() => loadings[2])).answer({ data: 'third' });
    expect(await all).toEqual(['gap 1-2', 'state first', '5', 'gap 6-0', 'state second', 'gap 6-9', 'state third']);
  });

  test('delays plain messages, but is not among them', async () => {
    const { channel, channels, receive, gap, loadings } = setUp();
    const messages = channel[Symbol.asyncIterator]();
    channels.receive({ type: 'joined', topic: 'news', at: { epoch: 'e', offset: 0 } });
    gap(1, 2);
    const next = messages.next();
    const loading = await until(() => loadings[0]);
    receive(3, 4);
    loading.answer({ data: 'x', offset: 3 });
    expect((await next).value?.offset).toBe(4);
  });

  test('is dropped, with its offset, when the user changes while it loads', async () => {
    const { channels, events, gap, receive, loadings } = setUp();
    gap(1, 50);
    expect(await take(events, 1)).toEqual(['gap 1-50']);
    const next = take(events, 2);
    const loading = await until(() => loadings[0]);
    channels.resetUser();
    expect(loading.signal.aborted).toBe(true);
    loading.answer({ data: 'private', offset: 60 });
    expect(channels.topics()).toEqual([['news', null]]);
    channels.receive({ type: 'joined', topic: 'news', at: { epoch: 'e', offset: 3 } });
    receive(4, 5);
    expect(await next).toEqual(['4', '5']);
  });

  test('is aborted when the channel closes', async () => {
    const { channel, events, gap, loadings } = setUp();
    gap(1, 2);
    const all = take(events, 2);
    const loading = await until(() => loadings[0]);
    channel.close();
    expect(await all).toEqual(['gap 1-2', 'end']);
    expect(loading.signal.aborted).toBe(true);
  });
});
