import { describe, expect, it } from 'vitest';
import type { ChannelEvent } from '../../src/page/types.ts';
import * as talking from '../../src/ui/messages/conversation.ts';

const NOW = 1_800_000_000_000;
const mine: talking.MessageData = { id: 'm1', text: 'hello', from: 'Demo', at: NOW };
const event = (offset: number, data: unknown): ChannelEvent => ({
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
