import type { TopicEvent } from '../../page/types/channel-types.ts';
import { isObject, numberAt, stringAt } from '../../protocol/schema/json.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import type { History } from './history.ts';

/** The payload of a message. The sender sets `id`, to recognize its own message later, and `at` (ms since the Unix epoch). */
export type MessageData = { id: string; text: string; from: string; at: number };

/** The delivery of an own message. `waiting`: no acknowledgement yet; the socket's state shows if it has left this device. */
export type Delivery =
  | { state: 'waiting' }
  | { state: 'acknowledged'; offset: number }
  | { state: 'failed'; problem: Problem };

export type Item =
  | { type: 'received'; key: string; data: MessageData; offset: number }
  | { type: 'own'; key: string; data: MessageData; delivery: Delivery }
  | { type: 'gap'; key: string; from: number; to: number };

/** Whether the earlier messages of a channel have been loaded from the server. */
export type HistoryState = 'unknown' | 'loading' | 'loaded' | 'unreachable';

export type Conversation = { channel: string; items: readonly Item[]; unread: number; history: HistoryState };

/** Older messages leave the screen; the server keeps its own history. */
const MAX_ITEMS = 500;

export const emptyConversation = (channel: string): Conversation => ({
  channel,
  items: [],
  unread: 0,
  history: 'unknown',
});

/** A topic takes any JSON from any client: data that is not a message of this app is shown as its text. */
export const parseMessage = (data: unknown, key: string, now: number): MessageData => {
  const text = isObject(data) ? stringAt(data, 'text') : undefined;
  if (!isObject(data) || text === undefined) return { id: key, text: JSON.stringify(data) ?? '', from: '', at: now };
  return {
    id: stringAt(data, 'id') ?? key,
    text,
    from: stringAt(data, 'from') ?? '',
    at: numberAt(data, 'at') ?? now,
  };
};

const withItem = (conversation: Conversation, item: Item): Conversation => ({
  ...conversation,
  items: [...conversation.items, item].slice(-MAX_ITEMS),
});

/** An acknowledged message stays acknowledged, even if another attempt fails. */
const setDelivery = (conversation: Conversation, id: string, delivery: Delivery): Conversation => ({
  ...conversation,
  items: conversation.items.map((item) =>
    item.type === 'own' && item.data.id === id && item.delivery.state !== 'acknowledged' ? { ...item, delivery } : item,
  ),
});

/** With an own message that is being published. */
export const withPending = (conversation: Conversation, data: MessageData): Conversation =>
  withItem(conversation, { type: 'own', key: data.id, data, delivery: { state: 'waiting' } });

/** With another attempt for a message, under the same id, by which the server recognizes a duplicate. */
export const withRetry = (conversation: Conversation, id: string): Conversation =>
  setDelivery(conversation, id, { state: 'waiting' });

/** With the server's answer to an own message. */
export const withResult = (conversation: Conversation, id: string, result: Result<{ offset: number }>): Conversation =>
  setDelivery(
    conversation,
    id,
    result.ok ? { state: 'acknowledged', offset: result.value.offset } : { state: 'failed', problem: result.problem },
  );

/** With a message or a gap that arrived. `seen`: the conversation is on screen. `now` in ms since the Unix epoch. */
export const withEvent = (conversation: Conversation, event: TopicEvent, now: number, seen: boolean): Conversation => {
  if (event.type === 'gap')
    return withItem(conversation, {
      type: 'gap',
      key: `gap-${event.from}-${event.to}`,
      from: event.from,
      to: event.to,
    });
  const key = `${event.epoch}-${event.offset}`;
  const data = parseMessage(event.data, key, now);
  const own = conversation.items.some((item) => item.type === 'own' && item.data.id === data.id);
  if (own) return setDelivery(conversation, data.id, { state: 'acknowledged', offset: event.offset });
  // another device published it twice under one id
  if (conversation.items.some((item) => item.type === 'received' && item.data.id === data.id)) return conversation;
  const next = withItem(conversation, { type: 'received', key, data, offset: event.offset });
  return seen ? next : { ...next, unread: conversation.unread + 1 };
};

/** An item's position in the topic. A message that the server does not have yet comes last. */
const offsetOf = (item: Item): number => {
  if (item.type === 'received') return item.offset;
  if (item.type === 'gap') return item.to || item.from;
  return item.delivery.state === 'acknowledged' ? item.delivery.offset : Infinity;
};

/** Whether messages are missing before this offset. */
export const isAfterGap = (conversation: Conversation, offset: number): boolean => {
  const known = conversation.items.map(offsetOf).filter(Number.isFinite);
  return offset > Math.max(0, ...known) + 1;
};

/** With the server's history merged in: each message once, and without the gaps that the history fills. */
export const withHistory = (conversation: Conversation, { epoch, events }: History, now: number): Conversation => {
  const here = new Map(
    conversation.items.flatMap((item) => (item.type === 'gap' ? [] : [[item.data.id, item] as const])),
  );
  const past = new Map<string, Item>();
  for (const { offset, data } of events) {
    const key = `${epoch}-${offset}`;
    const message = parseMessage(data, key, now);
    const known = here.get(message.id);
    if (past.has(message.id)) continue;
    if (known?.type === 'own') past.set(message.id, { ...known, delivery: { state: 'acknowledged', offset } });
    else past.set(message.id, { type: 'received', key, data: message, offset });
  }
  const first = events[0]?.offset ?? Infinity;
  const rest = conversation.items.filter((item) =>
    item.type === 'gap' ? item.to === 0 || item.from < first : !past.has(item.data.id),
  );
  const [before, after] = [
    rest.filter((item) => offsetOf(item) < first),
    rest.filter((item) => offsetOf(item) >= first),
  ];
  return { ...conversation, history: 'loaded', items: [...before, ...past.values(), ...after].slice(-MAX_ITEMS) };
};

/** The own messages without an answer from the server, in their order. */
export const undelivered = ({ items }: Conversation): readonly MessageData[] =>
  items.flatMap((item) => (item.type === 'own' && item.delivery.state === 'waiting' ? [item.data] : []));

export const markRead = (conversation: Conversation): Conversation =>
  conversation.unread === 0 ? conversation : { ...conversation, unread: 0 };

export type DeliveryLabel = 'queued' | 'sent' | 'delivered' | 'failed';

/** `live`: the socket is open, so a waiting message has been written to it. */
export const deliveryLabel = ({ state }: Delivery, live: boolean): DeliveryLabel => {
  if (state === 'acknowledged') return 'delivered';
  if (state === 'failed') return 'failed';
  return live ? 'sent' : 'queued';
};
