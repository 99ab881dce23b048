import { describe, expect, test, vi } from 'vitest';
import type { KeeperApi } from '../../../src/protocol/bridge/bridge.ts';
import type { TabMessage } from '../../../src/protocol/bridge/tab-messages.ts';
import type { Publication } from '../../../src/protocol/bridge/calls.ts';
import { failed, ok } from '../../../src/protocol/problem.ts';
import { createChannels } from '../../../src/page/realtime/channels.ts';

type Take = (messages: readonly Publication[]) => ReturnType<KeeperApi['publish']>;

const setUp = (publish: Take = () => Promise.resolve(ok(null))) => {
  const posted: TabMessage[] = [];
  const offered: Publication[] = [];
  const channels = createChannels(
    (messages) => {
      const list = [messages].flat();
      offered.push(...list);
      return publish(list);
    },
    (message) => posted.push(message),
  );
  const event = (offset: number) =>
    channels.receive({ type: 'event', topic: 'news', epoch: 'e', offset, data: offset, bytes: 1 });
  return { channels, posted, offered, event };
};

describe('channels', () => {
  test('join with the first reader and leave with the last', async () => {
    const { channels, posted } = setUp();
    const first = channels.channel('news');
    const second = channels.channel('news');
    const readers = [first.events()[Symbol.asyncIterator](), second.events()[Symbol.asyncIterator]()];
    expect(posted).toEqual([{ type: 'join', topic: 'news', cursor: null }]);
    first.close();
    expect(await readers[0]?.next()).toEqual({ done: true, value: undefined });
    expect(posted).toHaveLength(1);
    second.close();
    expect(posted).toEqual([
      { type: 'join', topic: 'news', cursor: null },
      { type: 'leave', topic: 'news' },
    ]);
    expect(channels.topics()).toEqual([]);
  });

  test('deliver each message to each reader, and gaps only to `events()`', async () => {
    const { channels, event } = setUp();
    const events = channels.channel('news').events()[Symbol.asyncIterator]();
    const messages = channels.channel('news')[Symbol.asyncIterator]();
    channels.receive({ type: 'joined', topic: 'news', at: { epoch: 'e', offset: 0 } });
    event(1);
    event(4);
    expect([await events.next(), await events.next(), await events.next()].map(({ value }) => value?.type)).toEqual([
      'message',
      'gap',
      'message',
    ]);
    expect([await messages.next(), await messages.next()].map(({ value }) => value?.offset)).toEqual([1, 4]);
  });

  test('report their cursors, so that another worker can resume there', () => {
    const { channels, event } = setUp();
    channels.channel('news').events();
    expect(channels.topics()).toEqual([['news', null]]);
    channels.receive({ type: 'joined', topic: 'news', at: { epoch: 'e', offset: 4 } });
    event(5);
    expect(channels.topics()).toEqual([['news', { epoch: 'e', offset: 5 }]]);
  });

  test('resolve a publication with the acknowledgement of its id', async () => {
    const { channels, offered } = setUp();
    const { publish } = channels.channel('news');
    const [one, two] = [publish('one'), publish('two')];
    await vi.waitFor(() => expect(offered).toHaveLength(2));
    const [first, second] = offered;
    if (!first || !second) throw new Error('no publication was sent');
    channels.receive({ type: 'refused', id: second.id, problem: { code: 'over-limit', detail: 'too big' } });
    channels.receive({ type: 'acked', id: first.id, offset: 12 });
    expect(await one).toEqual(ok({ offset: 12 }));
    expect(await two).toEqual(failed({ code: 'over-limit', detail: 'too big' }));
  });

  test.each([
    ['is empty', '', { code: 'bad-message', detail: 'topic name' }],
    ['has half of a surrogate pair', 'a\ud800', { code: 'bad-message', detail: 'topic name' }],
    ['is too long', 'x'.repeat(257), { code: 'over-limit', detail: 'topic-length', max: 256 }],
  ] as const)(
    'refuse a topic whose name %s, and send the worker nothing [topic-names]',
    async (_name, topic, problem) => {
      const { channels, posted, offered } = setUp();
      const channel = channels.channel(topic);
      expect(await channel.publish(1)).toEqual(failed(problem));
      const events = channel.events()[Symbol.asyncIterator]();
      await expect(events.next()).rejects.toMatchObject({ cause: problem });
      expect(await events.next()).toEqual({ done: true, value: undefined });
      const presence = channel.presence();
      expect(presence.update(1)).toEqual(failed(problem));
      await expect(presence[Symbol.asyncIterator]().next()).rejects.toMatchObject({ cause: problem });
      channel.close();
      expect([posted, offered, channels.topics()]).toEqual([[], [], []]);
    },
  );

  test('end the readers of a topic that the server refuses, with the bound and its number', async () => {
    const { channels, posted } = setUp();
    const refused = channels.channel('one-more');
    const events = refused.events()[Symbol.asyncIterator]();
    const presence = refused.presence();
    const kept = channels.channel('news').events()[Symbol.asyncIterator]();
    const problem = { code: 'over-limit', detail: 'topics', max: 4_096 } as const;
    const next = events.next();
    channels.receive({ type: 'topic-refused', topic: 'one-more', problem });
    await expect(next).rejects.toThrow('over-limit (topics: 4096)');
    expect(presence.update(1)).toEqual(failed(problem));
    expect(channels.topics()).toEqual([['news', null]]);
    expect(posted.at(-1)).toEqual({ type: 'leave', topic: 'one-more' });
    channels.receive({ type: 'joined', topic: 'news', at: { epoch: 'e', offset: 0 } });
    channels.receive({ type: 'event', topic: 'news', epoch: 'e', offset: 1, data: 1, bytes: 1 });
    expect((await kept.next()).value).toMatchObject({ offset: 1 });
  });

  test('wait for no earlier call when the page goes away', async () => {
    const { channels, offered } = setUp(() => new Promise(() => {}));
    const { publish } = channels.channel('news');
    void publish('slow');
    await Promise.resolve();
    void publish('waits');
    await Promise.resolve();
    expect(offered.map(({ data }) => data)).toEqual(['slow']);
    channels.hurry(true);
    expect(offered.map(({ data }) => data)).toEqual(['slow', 'waits']);
    for (let n = 0; n < 5; n += 1) void publish(n);
    await Promise.resolve();
    expect(offered.slice(2).map(({ data }) => data)).toEqual([0, 1, 2, 3, 4]);
  });

  test('send an unacknowledged publication to the next worker with the same id', async () => {
    const { channels, offered } = setUp();
    const published = channels.channel('news').publish({ text: 'hello' });
    await vi.waitFor(() => expect(offered).toHaveLength(1));
    channels.republish();
    await vi.waitFor(() => expect(offered).toHaveLength(2));
    expect(offered[1]).toEqual(offered[0]);
    channels.receive({ type: 'acked', id: offered[0]?.id ?? '', offset: 3 });
    expect(await published).toEqual(ok({ offset: 3 }));
    channels.republish();
    expect(offered).toHaveLength(2);
  });

  test('send one publication for two calls with the same id, and resolve both', async () => {
    const { channels, offered } = setUp();
    const { publish } = channels.channel('news');
    const both = [publish('hello', { id: 'mine' }), publish('hello', { id: 'mine' })];
    await vi.waitFor(() => expect(offered.map(({ id }) => id)).toContain('mine'));
    channels.receive({ type: 'acked', id: 'mine', offset: 3 });
    expect(await Promise.all(both)).toEqual([ok({ offset: 3 }), ok({ offset: 3 })]);
  });

  test('keep the order of publications when the worker answers late', async () => {
    const taken: unknown[] = [];
    const answers: (() => void)[] = [];
    const { channels } = setUp(
      (messages) =>
        new Promise((resolve) => {
          answers.push(() => {
            taken.push(...messages.map(({ data }) => data));
            resolve(ok(null));
          });
        }),
    );
    const { publish } = channels.channel('news');
    void publish('one');
    await Promise.resolve();
    void publish('two');
    for (const count of [1, 2]) {
      await vi.waitFor(() => expect(answers).toHaveLength(count));
      answers.at(-1)?.();
    }
    expect(taken).toEqual(['one', 'two']);
  });

  test('send the publications of a task in batches of up to eight', async () => {
    const calls: unknown[][] = [];
    const { channels } = setUp((messages) => {
      calls.push(messages.map(({ data }) => data));
      return Promise.resolve(ok(null));
    });
    const { publish } = channels.channel('news');
    for (let n = 1; n <= 11; n += 1) void publish(n);
    await vi.waitFor(() =>
      expect(calls).toEqual([
        [1, 2, 3, 4, 5, 6, 7, 8],
        [9, 10, 11],
      ]),
    );
  });

  test('send one publication at a time when the worker rejects a batch, and report the rejected one', async () => {
    const taken: unknown[] = [];
    const { channels, offered } = setUp((messages) => {
      const [message] = messages;
      if (messages.length > 1 || !message || message.data === 'bad')
        return Promise.resolve(failed({ code: 'bad-message', detail: 'x' }));
      taken.push(message.data);
      return Promise.resolve(ok(null));
    });
    const { publish } = channels.channel('news');
    const first = publish('first');
    const [good, bad] = [publish('good'), publish('bad')];
    expect(await bad).toEqual(failed({ code: 'bad-message', detail: 'x' }));
    expect(taken).toEqual(['first', 'good']);
    for (const [index, id] of [offered[0]?.id ?? '', offered[1]?.id ?? ''].entries())
      channels.receive({ type: 'acked', id, offset: index + 1 });
    expect(await Promise.all([first, good])).toEqual([ok({ offset: 1 }), ok({ offset: 2 })]);
  });

  test('return the problem when the worker cannot store a publication', async () => {
    const { channels } = setUp(() => Promise.resolve(failed({ code: 'store-full' })));
    expect(await channels.channel('news').publish('x')).toEqual(failed({ code: 'store-full' }));
  });

  test('end the readers and cancel unacknowledged publications when they close', async () => {
    const { channels } = setUp();
    const channel = channels.channel('news');
    const reader = channel[Symbol.asyncIterator]();
    const published = channel.publish('x');
    channels.close();
    expect(await published).toEqual(failed({ code: 'cancelled' }));
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});
