import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import { isProblem } from '../../protocol/problem.ts';
import { emptyConversation, parseMessage, type Conversation, type Delivery, type Item } from './conversation.ts';

/*
 * Keeps a tab's conversations over a reload, with or without a network. They are in sessionStorage, so each tab has its
 * own; they belong to one user, and are deleted when that user signs out.
 */

const KEY = 'session-keeper-messages';
/** Saved messages of each channel; the server has the rest. */
const MAX_SAVED_ITEMS = 100;

/** The server recognizes a duplicate id for this long. An older message is sent again only if the user asks for it. */
const DEDUPLICATION_MS = 24 * 60 * 60 * 1000;

const parseDelivery = (item: JsonObject, ageMs: number): Delivery => {
  const [offset, problem] = [numberAt(item, 'offset'), own(item, 'problem')];
  if (offset !== undefined) return { state: 'acknowledged', offset };
  if (isProblem(problem)) return { state: 'failed', problem };
  return ageMs < DEDUPLICATION_MS
    ? { state: 'waiting' }
    : { state: 'failed', problem: { code: 'timeout', at: 'outbox' } };
};

const parseItem = (value: unknown, now: number): Item[] => {
  if (!isObject(value)) return [];
  const [key, offset] = [stringAt(value, 'key'), numberAt(value, 'offset')];
  if (key === undefined) return [];
  const data = parseMessage(own(value, 'data'), key, 0);
  if (own(value, 'type') === 'own') return [{ type: 'own', key, data, delivery: parseDelivery(value, now - data.at) }];
  return offset === undefined ? [] : [{ type: 'received', key, data, offset }];
};

const parseConversation = (value: unknown, now: number): Conversation[] => {
  const channel = isObject(value) ? stringAt(value, 'channel') : undefined;
  if (!isObject(value) || channel === undefined) return [];
  const items = own(value, 'items');
  const parsed = Array.isArray(items) ? items.flatMap((item) => parseItem(item, now)) : [];
  return [{ ...emptyConversation(channel), items: parsed }];
};

/** A gap is shown once and not saved. */
const serialize = (item: Item): object[] => {
  if (item.type === 'gap') return [];
  const { type, key, data } = item;
  if (item.type === 'received') return [{ type, key, data, offset: item.offset }];
  const { delivery } = item;
  const { state: _, ...end } = delivery;
  return [{ type, key, data, ...end }];
};

/** Storage may be blocked or full; then the conversations last as long as the page. */
const tryTo = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch {
    return undefined;
  }
};

export const saveConversations = (sub: string, conversations: readonly Conversation[]): void => {
  const talks = conversations.map(({ channel, items }) => ({
    channel,
    items: items.slice(-MAX_SAVED_ITEMS).flatMap(serialize),
  }));
  tryTo(() => sessionStorage.setItem(KEY, JSON.stringify({ sub, talks })));
};

export const clearConversations = (): void => tryTo(() => sessionStorage.removeItem(KEY));

/** The saved conversations of this user; those of another user are deleted. `now` in ms since the Unix epoch. */
export const loadConversations = (sub: string, now: number): readonly Conversation[] => {
  const value = parseJson(tryTo(() => sessionStorage.getItem(KEY)) ?? '');
  const talks = isObject(value) && stringAt(value, 'sub') === sub ? own(value, 'talks') : undefined;
  if (Array.isArray(talks)) return talks.flatMap((value) => parseConversation(value, now));
  clearConversations();
  return [];
};
