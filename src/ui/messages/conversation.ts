import type { TopicEvent } from '../../page/types/types.ts';
import { isObject, numberAt, stringAt } from '../../protocol/json.ts';
import type { Problem, Result } from '../../protocol/problem.ts';
import type { History } from './history.ts';

/** What a message carries. `id` is the sender's, to know the own message when it comes back; `at` by the sender's clock (ms). */
export type MessageData = { id: string; text: string; from: string; at: number };

/** How far an own message has come. Whether it has left this device shows on the socket; that the server has it, on the acknowledgement. */
export type Delivery =
  | { state: 'waiting' }
  | { state: 'acknowledged'; offset: number }
  | { state: 'failed'; problem: Problem };

export type Item =
  | { type: 'theirs'; key: string; data: MessageData; offset: number }
  | { type: 'own'; key: string; data: MessageData; delivery: Delivery }
  | { type: 'gap'; key: string; from: number; to: number };

/** What was said before: whether the server has been asked for it. */
export type HistoryState = 'unknown' | 'asked' | 'known' | 'unreachable';

export type Conversation = { channel: string; items: readonly Item[]; unread: number; history: HistoryState };

/** Older ones are dropped from the screen; the server has its own history. */
const MAX_ITEMS = 500;

export const emptyConversation = (channel: string): Conversation => ({
  channel,
  items: [],
  unread: 0,
  history: 'unknown',
});

/** Anybody may publish anything on a topic: what is not one of our messages is shown as its text. */
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

const withItem = (talk: Conversation, item: Item): Conversation => ({
  ...talk,
  items: [...talk.items, item].slice(-MAX_ITEMS),
});

/** What the server has, it keeps, whatever becomes of another try. */
const setDelivery = (talk: Conversation, id: string, delivery: Delivery): Conversation => ({
  ...talk,
  items: talk.items.map((item) =>
    item.type === 'own' && item.data.id === id && item.delivery.state !== 'acknowledged' ? { ...item, delivery } : item,
  ),
});

/** A message was handed over to be published. */
export const withPending = (talk: Conversation, data: MessageData): Conversation =>
  withItem(talk, { type: 'own', key: data.id, data, delivery: { state: 'waiting' } });

/** It is tried once more, under the same id: whoever got it already knows it again. */
export const withRetry = (talk: Conversation, id: string): Conversation => setDelivery(talk, id, { state: 'waiting' });

/** The server has it, or never will. */
export const withResult = (talk: Conversation, id: string, result: Result<{ offset: number }>): Conversation =>
  setDelivery(
    talk,
    id,
    result.ok ? { state: 'acknowledged', offset: result.value.offset } : { state: 'failed', problem: result.problem },
  );

/** Something arrived. `seen`: somebody is looking at this conversation. */
export const withEvent = (talk: Conversation, event: TopicEvent, now: number, seen: boolean): Conversation => {
  if (event.type === 'gap')
    return withItem(talk, { type: 'gap', key: `gap-${event.from}-${event.to}`, from: event.from, to: event.to });
  const key = `${event.epoch}-${event.offset}`;
  const data = parseMessage(event.data, key, now);
  const own = talk.items.some((item) => item.type === 'own' && item.data.id === data.id);
  if (own) return setDelivery(talk, data.id, { state: 'acknowledged', offset: event.offset });
  // tried twice by another device: the same message
  if (talk.items.some((item) => item.type === 'theirs' && item.data.id === data.id)) return talk;
  const next = withItem(talk, { type: 'theirs', key, data, offset: event.offset });
  return seen ? next : { ...next, unread: talk.unread + 1 };
};

/** Where an item stands in the topic; what the server does not have yet comes last. */
const offsetOf = (item: Item): number => {
  if (item.type === 'theirs') return item.offset;
  if (item.type === 'gap') return item.to || item.from;
  return item.delivery.state === 'acknowledged' ? item.delivery.offset : Infinity;
};

/** Whether something is missing between this message and the one before it, or the beginning. */
export const isAfterHole = (talk: Conversation, offset: number): boolean => {
  const known = talk.items.map(offsetOf).filter(Number.isFinite);
  return offset > Math.max(0, ...known) + 1;
};

/** What the server has of the past, around what is here already: each message once, gaps that it fills no longer there. */
export const withHistory = (talk: Conversation, { epoch, events }: History, now: number): Conversation => {
  const here = new Map(talk.items.flatMap((item) => (item.type === 'gap' ? [] : [[item.data.id, item] as const])));
  const past = new Map<string, Item>();
  for (const { offset, data } of events) {
    const key = `${epoch}-${offset}`;
    const message = parseMessage(data, key, now);
    const known = here.get(message.id);
    if (past.has(message.id)) continue;
    if (known?.type === 'own') past.set(message.id, { ...known, delivery: { state: 'acknowledged', offset } });
    else past.set(message.id, { type: 'theirs', key, data: message, offset });
  }
  const first = events[0]?.offset ?? Infinity;
  const rest = talk.items.filter((item) =>
    item.type === 'gap' ? item.to === 0 || item.from < first : !past.has(item.data.id),
  );
  const [before, after] = [
    rest.filter((item) => offsetOf(item) < first),
    rest.filter((item) => offsetOf(item) >= first),
  ];
  return { ...talk, history: 'known', items: [...before, ...past.values(), ...after].slice(-MAX_ITEMS) };
};

/** The own messages of which nobody knows yet what became of them, in their order. */
export const undelivered = ({ items }: Conversation): readonly MessageData[] =>
  items.flatMap((item) => (item.type === 'own' && item.delivery.state === 'waiting' ? [item.data] : []));

export const markRead = (talk: Conversation): Conversation => (talk.unread === 0 ? talk : { ...talk, unread: 0 });

export type DeliveryLabel = 'queued' | 'sent' | 'delivered' | 'failed';

/** `live`: the socket is open, so what waits has been written to it. */
export const deliveryLabel = ({ state }: Delivery, live: boolean): DeliveryLabel => {
  if (state === 'acknowledged') return 'delivered';
  if (state === 'failed') return 'failed';
  return live ? 'sent' : 'queued';
};
