import { describe, expect, it } from 'vitest';
import { findChannels } from '../../../src/ui/conversation/channel-list.ts';
import { emptyConversation, type Item } from '../../../src/ui/conversation/conversation.ts';
import { dayText } from '../../../src/ui/conversation/day-text.ts';
import { rowsOf, type ConversationRow } from '../../../src/ui/conversation/rows.ts';

const NOON = new Date(2027, 2, 4, 12).getTime();
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const received = (key: string, at: number, from = 'Ada'): Item => ({
  type: 'received',
  key,
  data: { id: key, text: key, from, at },
  offset: 1,
});
const own = (key: string, at: number, state: 'waiting' | 'acknowledged' = 'acknowledged'): Item => ({
  type: 'own',
  key,
  data: { id: key, text: key, from: 'Me', at },
  delivery: state === 'waiting' ? { state } : { state, offset: 1 },
});

const shape = (items: readonly Item[]): string[] =>
  rowsOf(items).map((row: ConversationRow) => {
    if (row.type !== 'message') return row.type;
    return `${row.key}${row.starts ? ' starts' : ''}${row.ends ? ' ends' : ''}${row.hasNews ? ' news' : ''}`;
  });

describe('the rows of a conversation', () => {
  it('group what one sender wrote within minutes, and begin a group after a pause, a gap or another sender', () => {
    const gap: Item = { type: 'gap', key: 'gap', from: 1, to: 2 };
    expect(
      shape([
        ...[received('a', NOON), received('b', NOON + MINUTE_MS), received('c', NOON + 7 * MINUTE_MS)],
        ...[gap, received('d', NOON + 8 * MINUTE_MS), received('e', NOON + 8 * MINUTE_MS, 'Bo')],
      ]),
    ).toEqual(['day', 'a starts', 'b ends', 'c starts ends', 'gap', 'd starts ends', 'e starts ends']);
  });

  it('separate the days', () => {
    expect(shape([received('a', NOON - DAY_MS), received('b', NOON), received('c', NOON)])).toEqual([
      ...['day', 'a starts ends', 'day', 'b starts', 'c ends'],
    ]);
  });

  it('say that a message was delivered only below the last own one, and always what still waits', () => {
    expect(shape([own('a', NOON, 'waiting'), own('b', NOON), own('c', NOON), received('d', NOON)])).toEqual([
      ...['day', 'a starts news', 'b', 'c ends news', 'd starts ends'],
    ]);
  });
});

describe('a day', () => {
  it('is a word when it is near, and has a year when it is far', () => {
    expect([NOON, NOON - DAY_MS, NOON - 3 * DAY_MS].map((at) => dayText(at, NOON))).toEqual([
      'Today',
      'Yesterday',
      expect.stringMatching(/^Monday/),
    ]);
    expect(dayText(NOON - 400 * DAY_MS, NOON)).toContain('2026');
  });
});

describe('the search for a channel', () => {
  const all = Array.from({ length: 200 }, (_, n) => ({ ...emptyConversation(`Team ${n}`), unread: n === 117 ? 3 : 0 }));

  it('finds a part of the name in any case, with unread ones first', () => {
    expect(findChannels(all, ' TEAM 11').map(({ channel }) => channel)[0]).toBe('Team 117');
    expect(findChannels(all, '199').map(({ channel }) => channel)).toEqual(['Team 199']);
    expect(findChannels(all, '')).toBe(all);
    expect(findChannels(all, 'nowhere')).toEqual([]);
  });
});
