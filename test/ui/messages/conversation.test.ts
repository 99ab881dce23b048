import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TopicEvent } from '../../../src/page/types/channel-types.ts';
import * as talking from '../../../src/ui/conversation/conversation.ts';
import { parseHistory } from '../../../src/ui/conversation/history.ts';
import {
  clearConversations,
  loadConversations,
  saveConversations,
} from '../../../src/ui/conversation/conversation-store.ts';

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
  const waiting = talking.withPending(empty, mine);

  it('is queued when offline, sent when online, and delivered once the server acknowledges it', () => {
    expect(talking.deliveryLabel({ state: 'waiting' }, false)).toBe('queued');
    expect(talking.deliveryLabel({ state: 'waiting' }, true)).toBe('sent');
    const there = talking.withResult(waiting, 'm1', { ok: true, value: { offset: 7 } });
    expect(deliveries(there)).toEqual(['acknowledged']);
    expect(talking.deliveryLabel({ state: 'acknowledged', offset: 7 }, false)).toBe('delivered');
  });

  it('appears once, whether its echo or its acknowledgement arrives first', () => {
    const echoed = talking.withEvent(waiting, event(7, mine), NOW, true);
    expect(deliveries(echoed)).toEqual(['acknowledged']);
    expect(echoed.unread).toBe(0);
    expect(deliveries(talking.withResult(echoed, 'm1', { ok: true, value: { offset: 7 } }))).toEqual(['acknowledged']);
  });

  it('can be retried when the server refused it', () => {
    const refused = talking.withResult(waiting, 'm1', { ok: false, problem: { code: 'over-limit', detail: 'outbox' } });
    expect(deliveries(refused)).toEqual(['failed']);
    expect(deliveries(talking.withRetry(refused, 'm1'))).toEqual(['waiting']);
  });
});

describe('a message from before a reload', () => {
  const refused = { ok: false, problem: { code: 'over-limit', detail: 'outbox' } } as const;

  it('is undelivered until the history contains it or the server refuses it', () => {
    const waiting = talking.withPending(talking.withPending(empty, mine), { ...mine, id: 'm2' });
    expect(talking.undelivered(waiting).map(({ id }) => id)).toEqual(['m1', 'm2']);
    const merged = talking.withHistory(waiting, { epoch: 'e', events: [{ offset: 7, data: mine }] }, NOW);
    expect(talking.undelivered(merged).map(({ id }) => id)).toEqual(['m2']);
    expect(talking.undelivered(talking.withResult(merged, 'm2', refused))).toEqual([]);
  });

  it('stays delivered when a second attempt is refused', () => {
    const echoed = talking.withEvent(talking.withPending(empty, mine), event(7, mine), NOW, true);
    expect(deliveries(talking.withResult(echoed, 'm1', refused))).toEqual(['acknowledged']);
  });
});

describe('the history of the server', () => {
  const past = (...offsets: readonly number[]) => ({
    epoch: 'e',
    events: offsets.map((offset) => ({ offset, data: { ...mine, id: `x${offset}`, text: `${offset}` } })),
  });
  const texts = (talk: talking.Conversation) =>
    talk.items.map((item) => (item.type === 'gap' ? `${item.from}-${item.to}` : item.data.text));

  it('precedes new messages, contains each message once, and counts none as unread', () => {
    const live = talking.withEvent(empty, event(3, { ...mine, id: 'x3', text: '3' }), NOW, true);
    const later = talking.withEvent(live, event(4, { ...mine, id: 'x4', text: '4' }), NOW, true);
    const whole = talking.withHistory(later, past(1, 2, 3), NOW);
    expect(texts(whole)).toEqual(['1', '2', '3', '4']);
    expect([whole.unread, whole.history]).toEqual([0, 'loaded']);
    expect(texts(talking.withHistory(whole, past(1, 2, 3), NOW))).toEqual(['1', '2', '3', '4']);
  });

  it('acknowledges an own message, and keeps undelivered ones at the end', () => {
    const waiting = talking.withPending(talking.withPending(empty, { ...mine, id: 'x2' }), { ...mine, id: 'm9' });
    expect(deliveries(talking.withHistory(waiting, past(1, 2), NOW))).toEqual(['received', 'acknowledged', 'waiting']);
  });

  it('fills a gap that it covers', () => {
    const gap = (from: number, to: number) => ({ type: 'gap', topic: 'general', from, to }) as const;
    const cut = talking.withEvent(talking.withEvent(empty, gap(1, 2), NOW, true), gap(5, 7), NOW, true);
    expect(texts(talking.withHistory(cut, past(4, 5, 6, 7), NOW))).toEqual(['1-2', '4', '5', '6', '7']);
  });

  it('is loaded again when an offset is missing', () => {
    const two = talking.withEvent(empty, event(2, mine), NOW, true);
    const gaps = [talking.isAfterGap(empty, 1), talking.isAfterGap(two, 3), talking.isAfterGap(two, 4)];
    expect(gaps).toEqual([false, false, true]);
  });

  it.each(['', '[]', '{"epoch":"e"}', '{"epoch":1,"events":[]}'])('is rejected when it is malformed: %j', (text) => {
    expect(parseHistory(text)).toBeUndefined();
  });

  it('skips malformed events', () => {
    expect(parseHistory('{"epoch":"e","events":[7,{"data":1},{"offset":3,"data":{"text":"a"}}]}')).toEqual({
      epoch: 'e',
      events: [{ offset: 3, data: { text: 'a' } }],
    });
  });
});

describe('the saved conversations of a tab', () => {
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
    talking.withPending(
      talking.withResult(talking.withPending(empty, mine), 'm1', { ok: true, value: { offset: 7 } }),
      {
        ...mine,
        id: 'm2',
      },
    ),
  ];

  it('contain own messages with their delivery', () => {
    saveConversations('demo', talk);
    expect(loadConversations('demo', NOW).map(deliveries)).toEqual([['acknowledged', 'waiting']]);
    expect(loadConversations('demo', NOW)[0]?.items).toEqual(talk[0]?.items);
  });

  it('contain a failed message with its problem', () => {
    const problem = { code: 'over-limit', detail: 'outbox' } as const;
    const refused = talking.withResult(talking.withPending(empty, mine), 'm1', { ok: false, problem });
    saveConversations('demo', [refused]);
    expect(loadConversations('demo', NOW)).toEqual([refused]);
  });

  it('resend a message by themselves only while the server recognizes its id', () => {
    saveConversations('demo', talk);
    const day = 24 * 60 * 60 * 1000;
    expect(loadConversations('demo', NOW + day - 1).map(deliveries)).toEqual([['acknowledged', 'waiting']]);
    expect(loadConversations('demo', NOW + day).map(deliveries)).toEqual([['acknowledged', 'failed']]);
  });

  it('are deleted for another user and after a sign-out', () => {
    saveConversations('demo', talk);
    expect(loadConversations('other', NOW)).toEqual([]);
    expect(kept.size).toBe(0);
    saveConversations('demo', talk);
    clearConversations();
    expect(loadConversations('demo', NOW)).toEqual([]);
  });

  it.each(['', '7', '{"sub":"demo"}', '{"sub":"demo","talks":[1,{"channel":2},{"channel":"a","items":[null]}]}'])(
    'are empty when the record is malformed: %j',
    (text) => {
      kept.set('session-keeper-messages', text);
      expect(loadConversations('demo', NOW).flatMap(({ items }) => items)).toEqual([]);
    },
  );
});

describe('a conversation', () => {
  it('counts messages that arrive off screen, until the conversation is opened', () => {
    const some = [1, 2].reduce(
      (talk, offset) => talking.withEvent(talk, event(offset, { ...mine, id: `x${offset}` }), NOW, false),
      empty,
    );
    expect(some.unread).toBe(2);
    expect(talking.markRead(some).unread).toBe(0);
    expect(talking.withEvent(some, event(3, { ...mine, id: 'x3' }), NOW, true).unread).toBe(2);
  });

  it('shows a message once when another device published it twice', () => {
    const twice = [1, 2].reduce((talk, offset) => talking.withEvent(talk, event(offset, mine), NOW, false), empty);
    expect(twice.items).toHaveLength(1);
    expect(twice.unread).toBe(1);
  });

  it.each([[null], [7], ['text'], [{ text: 1 }], [[1, 2]], [{ n: 3 }]])(
    'shows data of an unknown shape as text: %j',
    (data) => {
      const [item] = talking.withEvent(empty, event(1, data), NOW, true).items;
      expect(item).toMatchObject({ type: 'received', data: { text: JSON.stringify(data), at: NOW } });
    },
  );

  it('replaces an invalid time by the time of arrival', () => {
    const [item] = talking.withEvent(empty, event(1, { text: 'a', at: Infinity }), NOW, true).items;
    expect(item).toMatchObject({ data: { at: NOW } });
  });
});
