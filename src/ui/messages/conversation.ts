import type { ChannelEvent } from '../../page/types.ts';
import type { Problem, Result } from '../../protocol/problem.ts';

/** What a message carries. `id` is the sender's, to know the own message when it comes back; `at` by the sender's clock (ms). */
export type MessageData = { id: string; text: string; from: string; at: number };

/** How far an own message has come. Whether it has left this device shows on the socket; that the server has it, on the acknowledgement. */
export type Delivery =
  | { state: 'waiting' }
  | { state: 'acknowledged'; offset: number }
  | { state: 'failed'; problem: Problem };

export type Item =
  | { type: 'theirs'; key: string; data: MessageData }
  | { type: 'own'; key: string; data: MessageData; delivery: Delivery }
  | { type: 'gap'; key: string; from: number; to: number };

export type Conversation = { channel: string; items: readonly Item[]; unread: number };

/** Older ones are dropped from the screen; the server has its own history. */
const MOST_ITEMS = 500;

export const emptyConversation = (channel: string): Conversation => ({ channel, items: [], unread: 0 });

const textAt = (value: object, name: string): string | undefined => {
  const found: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  return typeof found === 'string' ? found : undefined;
};

/** Anybody may publish anything on a topic: what is not one of our messages is shown as its text. */
export const parseMessage = (data: unknown, key: string, now: number): MessageData => {
  if (typeof data === 'object' && data !== null) {
    const [id, text, from] = [textAt(data, 'id'), textAt(data, 'text'), textAt(data, 'from')];
    const at: unknown = Reflect.get(data, 'at');
    if (text !== undefined)
      return { id: id ?? key, text, from: from ?? '', at: typeof at === 'number' && Number.isFinite(at) ? at : now };
  }
  return { id: key, text: JSON.stringify(data) ?? '', from: '', at: now };
};

const withItem = (talk: Conversation, item: Item): Conversation => ({
  ...talk,
  items: [...talk.items, item].slice(-MOST_ITEMS),
});

const settle = (talk: Conversation, id: string, delivery: Delivery): Conversation => ({
  ...talk,
  items: talk.items.map((item) => (item.type === 'own' && item.data.id === id ? { ...item, delivery } : item)),
});

/** A message was handed over to be published. */
export const publishing = (talk: Conversation, data: MessageData): Conversation =>
  withItem(talk, { type: 'own', key: data.id, data, delivery: { state: 'waiting' } });

/** It is tried once more, under the same id: whoever got it already knows it again. */
export const retrying = (talk: Conversation, id: string): Conversation => settle(talk, id, { state: 'waiting' });

/** The server has it, or never will. */
export const published = (talk: Conversation, id: string, result: Result<{ offset: number }>): Conversation =>
  settle(
    talk,
    id,
    result.ok ? { state: 'acknowledged', offset: result.value.offset } : { state: 'failed', problem: result.problem },
  );

/** Something arrived. `seen`: somebody is looking at this conversation. */
export const received = (talk: Conversation, event: ChannelEvent, now: number, seen: boolean): Conversation => {
  if (event.type === 'gap')
    return withItem(talk, { type: 'gap', key: `gap-${event.from}-${event.to}`, from: event.from, to: event.to });
  const key = `${event.epoch}-${event.offset}`;
  const data = parseMessage(event.data, key, now);
  const own = talk.items.some((item) => item.type === 'own' && item.data.id === data.id);
  if (own) return settle(talk, data.id, { state: 'acknowledged', offset: event.offset });
  // tried twice by another device: the same message
  if (talk.items.some((item) => item.type === 'theirs' && item.data.id === data.id)) return talk;
  const next = withItem(talk, { type: 'theirs', key, data });
  return seen ? next : { ...next, unread: talk.unread + 1 };
};

export const read = (talk: Conversation): Conversation => (talk.unread === 0 ? talk : { ...talk, unread: 0 });

export type DeliveryWord = 'queued' | 'sent' | 'delivered' | 'failed';

/** `live`: the socket is open, so what waits has been written to it. */
export const deliveryWord = ({ state }: Delivery, live: boolean): DeliveryWord => {
  if (state === 'acknowledged') return 'delivered';
  if (state === 'failed') return 'failed';
  return live ? 'sent' : 'queued';
};
