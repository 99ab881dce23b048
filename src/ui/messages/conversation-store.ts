import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/json.ts';
import { isProblem } from '../../protocol/problem.ts';
import { emptyConversation, parseMessage, type Conversation, type Delivery, type Item } from './conversation.ts';

/*
 * What a tab remembers over a reload, with or without a network: its conversations, as they were on screen. It is the
 * tab's own (sessionStorage), one person's, and gone when that person signs out.
 */

const KEY = 'session-keeper-messages';
/** For each channel; the server has the rest. */
const MAX_SAVED_ITEMS = 100;

/** So long does a server know a message again by its id; an older one is sent again only by somebody who wants it. */
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
  return offset === undefined ? [] : [{ type: 'theirs', key, data, offset }];
};

const parseTalk = (value: unknown, now: number): Conversation[] => {
  const channel = isObject(value) ? stringAt(value, 'channel') : undefined;
  if (!isObject(value) || channel === undefined) return [];
  const items = own(value, 'items');
  const parsed = Array.isArray(items) ? items.flatMap((item) => parseItem(item, now)) : [];
  return [{ ...emptyConversation(channel), items: parsed }];
};

/** A gap is told once, and not remembered. */
const written = (item: Item): object[] => {
  if (item.type === 'gap') return [];
  const { type, key, data } = item;
  if (item.type === 'theirs') return [{ type, key, data, offset: item.offset }];
  const { delivery } = item;
  const { state: _, ...end } = delivery;
  return [{ type, key, data, ...end }];
};

/** Storage may be switched off or full; then the conversations last as long as the page. */
const tryTo = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch {
    return undefined;
  }
};

export const saveConversations = (sub: string, talks: readonly Conversation[]): void => {
  const kept = talks.map(({ channel, items }) => ({ channel, items: items.slice(-MAX_SAVED_ITEMS).flatMap(written) }));
  tryTo(() => sessionStorage.setItem(KEY, JSON.stringify({ sub, talks: kept })));
};

export const clearConversations = (): void => tryTo(() => sessionStorage.removeItem(KEY));

/** What was remembered for this person; what was another's is forgotten. `now` (ms): what is too old to be sent unasked. */
export const loadConversations = (sub: string, now: number): readonly Conversation[] => {
  const value = parseJson(tryTo(() => sessionStorage.getItem(KEY)) ?? '');
  const talks = isObject(value) && stringAt(value, 'sub') === sub ? own(value, 'talks') : undefined;
  if (Array.isArray(talks)) return talks.flatMap((talk) => parseTalk(talk, now));
  clearConversations();
  return [];
};
