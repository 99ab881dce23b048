import type { Item } from './conversation.ts';

/** Messages of one sender within this time form a group, with one name and one time. */
const GROUP_MS = 5 * 60_000;

/**
 * A row of the list. `day`: the first moment of its messages. `starts`, `ends`: the first and the last message of a group.
 * `hasNews`: the delivery is worth a word.
 */
export type ConversationRow =
  | { type: 'day'; key: string; at: number }
  | { type: 'gap'; key: string; item: Extract<Item, { type: 'gap' }> }
  | { type: 'message'; key: string; item: MessageItem; starts: boolean; ends: boolean; hasNews: boolean };

export type MessageItem = Exclude<Item, { type: 'gap' }>;

const isMessage = (item: Item | undefined): item is MessageItem => item !== undefined && item.type !== 'gap';

/** The local day, because readers group by it. */
const dayOf = (at: number): string => new Date(at).toDateString();

const isSameGroup = (a: Item | undefined, b: Item | undefined): boolean =>
  isMessage(a) &&
  isMessage(b) &&
  a.type === b.type &&
  a.data.from === b.data.from &&
  dayOf(a.data.at) === dayOf(b.data.at) &&
  Math.abs(b.data.at - a.data.at) <= GROUP_MS;

/**
 * That a message was delivered is what a reader expects. So only the last own message says so, and those that wait or failed
 * say what happened.
 */
const hasNews = (item: MessageItem, lastOwn: string | undefined): boolean =>
  item.type === 'own' && (item.delivery.state !== 'acknowledged' || item.key === lastOwn);

/** The items of a conversation as rows: day separators between them, and messages in groups. */
export const rowsOf = (items: readonly Item[]): readonly ConversationRow[] => {
  const lastOwn = items.findLast(({ type }) => type === 'own')?.key;
  let day = '';
  return items.flatMap((item, index): ConversationRow[] => {
    if (item.type === 'gap') return [{ type: 'gap', key: item.key, item }];
    const starts = !isSameGroup(items[index - 1], item);
    const ends = !isSameGroup(item, items[index + 1]);
    const row: ConversationRow = {
      type: 'message',
      key: item.key,
      item,
      starts,
      ends,
      hasNews: hasNews(item, lastOwn),
    };
    const own = dayOf(item.data.at);
    if (own === day) return [row];
    day = own;
    return [{ type: 'day', key: `day-${item.key}`, at: item.data.at }, row];
  });
};
