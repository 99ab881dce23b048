import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TopicEvent } from '../../src/page/types/types.ts';
import * as talking from '../../src/ui/messages/conversation.ts';
import { parseHistory } from '../../src/ui/messages/history.ts';
import { forget, recall, remember } from '../../src/ui/messages/memory.ts';

const NOW = 1_800_000_000_000;
const mine: talking.MessageData = { id: 'm1', text: 'hello', from: 'Demo', at: NOW };
const event = (offset: number, data: unknown): TopicEvent => ({
  type: 'message',
  topic: 'general',
  epoch: 'e',
  offset,
  data,
});
const empty = talking.emptyConversation('general');

const deliveries = (talk: talking.Conversation): unknown[] =>
  talk.items.map((item) => (item.type === 'own' ? item.delivery.state : item.type));

describe('an own message', () => {
  const waiting = talking.publishing(empty, mine);

  it('is queued without a connection, sent with one, delivered when the server has it', () => {
    expect(talking.deliveryWord({ state: 'waiting' }, false)).toBe('queued');
    expect(talking.deliveryWord({ state: 'waiting' }, true)).toBe('sent');
    const there = talking.published(waiting, 'm1', { ok: true, value: { offset: 7 } });
    expect(deliveries(there)).toEqual(['acknowledged']);
    expect(talking.deliveryWord({ state: 'acknowledged', offset: 7 }, false)).toBe('delivered');
  });

  it('is there once, whether its echo or its acknowledgement comes first', () => {
    const echoed = talking.received(waiting, event(7, mine), NOW, true);
    expect(deliveries(echoed)).toEqual(['acknowledged']);
    expect(echoed.unread).toBe(0);
    expect(deliveries(talking.published(echoed, 'm1', { ok: true, value: { offset: 7 } }))).toEqual(['acknowledged']);
  });

  it('that was refused can be tried again', () => {
    const refused = talking.published(waiting, 'm1', { ok: false, problem: { code: 'over-limit', detail: 'outbox' } });
    expect(deliveries(refused)).toEqual(['failed']);
    expect(deliveries(talking.retrying(refused, 'm1'))).toEqual(['waiting']);
  });
});

describe('a message of a former document', () => {
  const refused = { ok: false, problem: { code: 'over-limit', detail: 'outbox' } } as const;

  it('is on its way until the server tells of it, or refuses it', () => {
    const waiting = talking.publishing(talking.publishing(empty, mine), { ...mine, id: 'm2' });
    expect(talking.onTheirWay(waiting).map(({ id }) => id)).toEqual(['m1', 'm2']);
    const told = talking.remembering(waiting, { epoch: 'e', events: [{ offset: 7, data: mine }] }, NOW);
    expect(talking.onTheirWay(told).map(({ id }) => id)).toEqual(['m2']);
    expect(talking.onTheirWay(talking.published(told, 'm2', refused))).toEqual([]);
  });

  it('that the server has is delivered, though another try of it was refused', () => {
    const echoed = talking.received(talking.publishing(empty, mine), event(7, mine), NOW, true);
    expect(deliveries(talking.published(echoed, 'm1', refused))).toEqual(['acknowledged']);
  });
});

describe('what the server remembers', () => {
  const past = (...offsets: readonly number[]) => ({
    epoch: 'e',
    events: offsets.map((offset) => ({ offset, data: { ...mine, id: `x${offset}`, text: `${offset}` } })),
  });
  const texts = (talk: talking.Conversation) =>
    talk.items.map((item) => (item.type === 'gap' ? `${item.from}-${item.to}` : item.data.text));

  it('comes before what is new, each message once, none of it unread', () => {
    const live = talking.received(empty, event(3, { ...mine, id: 'x3', text: '3' }), NOW, true);
    const later = talking.received(live, event(4, { ...mine, id: 'x4', text: '4' }), NOW, true);
    const whole = talking.remembering(later, past(1, 2, 3), NOW);
    expect(texts(whole)).toEqual(['1', '2', '3', '4']);
    expect([whole.unread, whole.past]).toEqual([0, 'known']);
    expect(texts(talking.remembering(whole, past(1, 2, 3), NOW))).toEqual(['1', '2', '3', '4']);
  });

  it('acknowledges an own message, and leaves what waits at the end', () => {
    const waiting = talking.publishing(talking.publishing(empty, { ...mine, id: 'x2' }), { ...mine, id: 'm9' });
    expect(deliveries(talking.remembering(waiting, past(1, 2), NOW))).toEqual(['theirs', 'acknowledged', 'waiting']);
  });

  it('fills a gap, if it reaches so far', () => {
    const gap = (from: number, to: number) => ({ type: 'gap', topic: 'general', from, to }) as const;
    const cut = talking.received(talking.received(empty, gap(1, 2), NOW, true), gap(5, 7), NOW, true);
    expect(texts(talking.remembering(cut, past(4, 5, 6, 7), NOW))).toEqual(['1-2', '4', '5', '6', '7']);
  });

  it('is asked again where something is missing in between', () => {
    const two = talking.received(empty, event(2, mine), NOW, true);
    const holes = [talking.isAfterHole(empty, 1), talking.isAfterHole(two, 3), talking.isAfterHole(two, 4)];
    expect(holes).toEqual([false, false, true]);
  });

  it.each(['', '[]', '{"epoch":"e"}', '{"epoch":1,"events":[]}'])('is not believed when it is none: %j', (text) => {
    expect(parseHistory(text)).toBeUndefined();
  });

  it('is read without what is no event', () => {
    expect(parseHistory('{"epoch":"e","events":[7,{"data":1},{"offset":3,"data":{"text":"a"}}]}')).toEqual({
      epoch: 'e',
      events: [{ offset: 3, data: { text: 'a' } }],
    });
  });
});

describe('what a tab remembers', () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    kept.clear();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
      removeItem: (key: string) => kept.delete(key),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  const talk = [
    talking.publishing(talking.published(talking.publishing(empty, mine), 'm1', { ok: true, value: { offset: 7 } }), {
      ...mine,
      id: 'm2',
    }),
  ];

  it('is its own words, with how far they have come', () => {
    remember('demo', talk);
    expect(recall('demo', NOW).map(deliveries)).toEqual([['acknowledged', 'waiting']]);
    expect(recall('demo', NOW)[0]?.items).toEqual(talk[0]?.items);
  });

  it('is also what was not sent, and why', () => {
    const problem = { code: 'over-limit', detail: 'outbox' } as const;
    const refused = talking.published(talking.publishing(empty, mine), 'm1', { ok: false, problem });
    remember('demo', [refused]);
    expect(recall('demo', NOW)).toEqual([refused]);
  });

  it('is sent unasked only while the server would know it again', () => {
    remember('demo', talk);
    const day = 24 * 60 * 60 * 1000;
    expect(recall('demo', NOW + day - 1).map(deliveries)).toEqual([['acknowledged', 'waiting']]);
    expect(recall('demo', NOW + day).map(deliveries)).toEqual([['acknowledged', 'failed']]);
  });

  it('is nothing for anybody else, nor after a sign-out', () => {
    remember('demo', talk);
    expect(recall('other', NOW)).toEqual([]);
    expect(kept.size).toBe(0);
    remember('demo', talk);
    forget();
    expect(recall('demo', NOW)).toEqual([]);
  });

  it.each(['', '7', '{"sub":"demo"}', '{"sub":"demo","talks":[1,{"channel":2},{"channel":"a","items":[null]}]}'])(
    'survives what is none of it: %j',
    (text) => {
      kept.set('session-keeper-messages', text);
      expect(recall('demo', NOW).flatMap(({ items }) => items)).toEqual([]);
    },
  );
});

describe('a conversation', () => {
  it('counts what nobody has seen, until somebody looks', () => {
    const some = [1, 2].reduce(
      (talk, offset) => talking.received(talk, event(offset, { ...mine, id: `x${offset}` }), NOW, false),
      empty,
    );
    expect(some.unread).toBe(2);
    expect(talking.read(some).unread).toBe(0);
    expect(talking.received(some, event(3, { ...mine, id: 'x3' }), NOW, true).unread).toBe(2);
  });

  it('shows a message once that another device has tried twice', () => {
    const twice = [1, 2].reduce((talk, offset) => talking.received(talk, event(offset, mine), NOW, false), empty);
    expect(twice.items).toHaveLength(1);
    expect(twice.unread).toBe(1);
  });

  it.each([[null], [7], ['text'], [{ text: 1 }], [[1, 2]], [{ n: 3 }]])(
    'shows whatever else was published: %j',
    (data) => {
      const [item] = talking.received(empty, event(1, data), NOW, true).items;
      expect(item).toMatchObject({ type: 'theirs', data: { text: JSON.stringify(data), at: NOW } });
    },
  );

  it('does not believe a time that is none', () => {
    const [item] = talking.received(empty, event(1, { text: 'a', at: Infinity }), NOW, true).items;
    expect(item).toMatchObject({ data: { at: NOW } });
  });
});
