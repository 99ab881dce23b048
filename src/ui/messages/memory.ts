import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/json.ts';
import { emptyConversation, parseMessage, type Conversation, type Delivery, type Item } from './conversation.ts';

/*
 * What a tab remembers over a reload, with or without a network: its conversations, as they were on screen. It is the
 * tab's own (sessionStorage), one person's, and gone when that person signs out.
 */

const KEY = 'session-keeper-messages';
/** For each channel; the server has the rest. */
const MOST_REMEMBERED = 100;

const parseDelivery = (item: JsonObject): Delivery => {
  const offset = numberAt(item, 'offset');
  return offset === undefined ? { state: 'waiting' } : { state: 'acknowledged', offset };
};

const parseItem = (value: unknown): Item[] => {
  if (!isObject(value)) return [];
  const [key, offset] = [stringAt(value, 'key'), numberAt(value, 'offset')];
  if (key === undefined) return [];
  const data = parseMessage(own(value, 'data'), key, 0);
  if (own(value, 'type') === 'own') return [{ type: 'own', key, data, delivery: parseDelivery(value) }];
  return offset === undefined ? [] : [{ type: 'theirs', key, data, offset }];
};

const parseTalk = (value: unknown): Conversation[] => {
  const channel = isObject(value) ? stringAt(value, 'channel') : undefined;
  if (!isObject(value) || channel === undefined) return [];
  const items = own(value, 'items');
  return [{ ...emptyConversation(channel), items: Array.isArray(items) ? items.flatMap(parseItem) : [] }];
};

/** A gap is told once, and a message that failed is in nobody's hands: neither is remembered. */
const written = (item: Item): object[] => {
  if (item.type === 'gap') return [];
  const { type, key, data } = item;
  if (item.type === 'theirs') return [{ type, key, data, offset: item.offset }];
  const { delivery } = item;
  if (delivery.state === 'failed') return [];
  return [{ type, key, data, ...(delivery.state === 'acknowledged' ? { offset: delivery.offset } : {}) }];
};

/** Storage may be switched off or full; then the conversations last as long as the page. */
const tryTo = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch {
    return undefined;
  }
};

export const remember = (sub: string, talks: readonly Conversation[]): void => {
  const kept = talks.map(({ channel, items }) => ({ channel, items: items.slice(-MOST_REMEMBERED).flatMap(written) }));
  tryTo(() => sessionStorage.setItem(KEY, JSON.stringify({ sub, talks: kept })));
};

export const forget = (): void => tryTo(() => sessionStorage.removeItem(KEY));

/** What was remembered for this person; what was another's is forgotten. */
export const recall = (sub: string): readonly Conversation[] => {
  const value = parseJson(tryTo(() => sessionStorage.getItem(KEY)) ?? '');
  const talks = isObject(value) && stringAt(value, 'sub') === sub ? own(value, 'talks') : undefined;
  if (Array.isArray(talks)) return talks.flatMap(parseTalk);
  forget();
  return [];
};
