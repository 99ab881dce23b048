import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';
import { sortByTime, mergeEntries } from '../../src/ui/timeline/entries.ts';
import { entrySentence, entryText } from '../../src/ui/timeline/entry-text.ts';
import { parseTimelineFile, timelineFile } from '../../src/ui/timeline/file.ts';
import { spotAt, timelineOf, type Lane, type LaneKind } from '../../src/ui/timeline/model.ts';
import { periodText } from '../../src/ui/timeline/time-labels.ts';
import { fit, follow, pan, reveal, ticks, timeAt, xOf, zoom } from '../../src/ui/timeline/viewport.ts';
import { longJournal } from './long-journal.ts';

const entry = (at: number, machine: string, what: string, more?: Partial<JournalEntry>): JournalEntry => ({
  at,
  worker: 'a',
  machine,
  what,
  ...more,
});

const laneOf = (entries: readonly JournalEntry[], kind: LaneKind, now = 100, live = true): Lane => {
  const found = timelineOf(entries, now, live).lanes.find((lane) => lane.kind === kind);
  if (!found) throw new RangeError(kind);
  return found;
};

describe('lanes', () => {
  it('show how long each state lasted, and leave the last one open', () => {
    const states = [entry(10, 'state', 'active'), entry(20, 'state', 'refreshing'), entry(25, 'state', 'degraded')];
    expect(laneOf(states, 'token').spans).toEqual([
      { from: 10, to: 20, tone: 'good', entry: 0 },
      { from: 20, to: 25, tone: 'busy', entry: 1 },
      { from: 25, to: Infinity, tone: 'warn', entry: 2 },
    ]);
  });

  it('show no state between two workers', () => {
    const lives = [
      entry(10, 'session', 'started'),
      entry(11, 'socket /s', 'open'),
      entry(12, 'tabs', '2'),
      entry(50, 'session', 'started', { worker: 'b' }),
      entry(60, 'socket /s', 'open', { worker: 'b' }),
    ];
    expect(laneOf(lives, 'worker').spans.map(({ from, to }) => [from, to])).toEqual([
      [10, 12],
      [50, Infinity],
    ]);
    expect(laneOf(lives, 'socket').spans.map(({ from, to }) => [from, to])).toEqual([
      [11, 50],
      [60, Infinity],
    ]);
    expect(laneOf(lives, 'tabs').spans.map(({ to }) => to)).toEqual([50]);
  });

  it('end with the last entry of a file', () => {
    expect(timelineOf([entry(10, 'session', 'started'), entry(30, 'tabs', '1')], 100, false).to).toBe(30);
    expect(laneOf([entry(10, 'session', 'started')], 'worker', 100, false).spans[0]?.to).toBe(10);
  });

  it('mark events, and mark failures as bad', () => {
    const marks = laneOf([entry(1, 'session', 'granted'), entry(2, 'session', 'grant-failed')], 'token').marks;
    expect(marks.map(({ tone }) => tone)).toEqual(['good', 'warn']);
    const requests = [entry(1, 'request', '200'), entry(2, 'request', '0'), entry(3, 'request', '401')];
    expect(laneOf(requests, 'requests').marks.map(({ tone }) => tone)).toEqual(['good', 'warn', 'bad']);
  });

  it('ignore entries of an unknown version', () => {
    const odd = [entry(1, 'constructor', 'toString'), entry(2, 'state', '__proto__'), entry(3, 'socket', 'valueOf')];
    expect(() => timelineOf(odd, 10, true)).not.toThrow();
    expect(odd.map(entryText)).toEqual([undefined, undefined, undefined]);
  });

  it('return the mark near the pointer, else the state at that time', () => {
    const lane = laneOf([entry(10, 'state', 'active'), entry(40, 'session', 'verified')], 'token');
    expect(spotAt(lane, 38, 3)).toMatchObject({ type: 'mark', at: 40 });
    expect(spotAt(lane, 30, 3)).toMatchObject({ type: 'span', at: 10 });
    expect(spotAt(lane, 5, 3)).toBeUndefined();
  });
});

describe('the entries of a page', () => {
  it('start with the entries that the journal has dropped', () => {
    const known = [entry(1, 'tabs', '1'), entry(2, 'tabs', '2'), entry(3, 'tabs', '3')];
    const fresh = [entry(3, 'tabs', '3'), entry(4, 'tabs', '4')];
    expect(mergeEntries(known, fresh).map(({ what }) => what)).toEqual(['1', '2', '3', '4']);
    expect(mergeEntries(known, [])).toBe(known);
  });

  it('are sorted together with the requests of the page', () => {
    expect(
      sortByTime([entry(1, 'a', ''), entry(3, 'b', '')], [entry(2, 'c', '')]).map(({ machine }) => machine),
    ).toEqual(['a', 'c', 'b']);
  });
});

describe('a row of the table', () => {
  it('is a whole sentence, and is marked internal for the states of a refresh', () => {
    const rows = [entry(1, 'state', 'active'), entry(2, 'state', 'degraded'), entry(3, 'tabs', '1')];
    expect(rows.map(entrySentence)).toEqual(['Session: Valid.', 'Session: Renewal is delayed.', 'Tabs: 1 open.']);
    expect(rows.map((row) => entryText(row)?.internal)).toEqual([true, false, false]);
  });

  it('names the date of a period once', () => {
    const from = new Date(2026, 10, 28, 9, 28, 57).getTime();
    expect(periodText(from, from + 64_000, from + 64_000).match(/2026/g)).toHaveLength(1);
    expect(periodText(from, Infinity, from + 64_000)).toMatch(/2026.*57.* – now \(1 min\)$/);
  });
});

describe('the viewport', () => {
  const extent = { from: 0, to: 1_000_000 };
  const all = fit(extent, 1000);

  it('keeps the moment under the pointer in place when it zooms', () => {
    const near = zoom(all, extent, 0.5, 300);
    expect(timeAt(near, 300)).toBeCloseTo(timeAt(all, 300), 3);
    expect(near.to - near.from).toBeCloseTo((all.to - all.from) / 2, 3);
  });

  it('stays within the timeline', () => {
    expect(pan(all, extent, 5_000)).toEqual(all);
    expect(zoom(all, extent, 100, 10)).toEqual(all);
    const deep = Array.from({ length: 60 }).reduce<typeof all>((view) => zoom(view, extent, 0.5, 500), all);
    expect(deep.to - deep.from).toBe(50);
  });

  it('follows the end, and moves to a moment that is off screen', () => {
    const near = zoom(all, extent, 0.1, 0);
    expect(follow(near, extent).to).toBe(all.to);
    expect(xOf(reveal(near, extent, 900_000), 900_000)).toBeCloseTo(500, 0);
    expect(reveal(near, extent, near.from + 1)).toBe(near);
  });

  it('draws ticks at round times', () => {
    const { step, at } = ticks({ from: 3_000, to: 603_000, width: 1000 });
    expect(step).toBe(120_000);
    expect(at.every((moment) => moment % 60_000 === 0)).toBe(true);
    expect(at.length).toBeGreaterThan(3);
  });
});

describe('a timeline file', () => {
  const about = { build: 'b', tier: 'sealed', durability: 'disk' } as const;
  const there = (entries: readonly JournalEntry[]) => JSON.stringify(timelineFile(entries, about, 0));

  it('is read back unchanged', () => {
    const entries = longJournal(200, 1_800_000_000_000);
    expect(parseTimelineFile(there(entries))).toEqual(entries);
  });

  it('contains no secret, even if an entry does', () => {
    const token = `${'eyJhbGciOiJFUzI1NiJ9xx'.repeat(2)}.${'abcDEF123_-'.repeat(6)}`;
    const text = there([
      entry(1, 'session', 'x', { detail: `token=${token} at=/callback?code=short#frag status=400` }),
    ]);
    expect(text).not.toContain('eyJ');
    expect(text).not.toContain('abcDEF');
    expect(text).not.toContain('short');
    expect(text).toContain('status=400');
  });

  it.each([
    ['not JSON', '{'],
    ['something else', '[]'],
    ['another version', JSON.stringify({ format: 'session-keeper-timeline', version: 2, entries: [] })],
    ['no entries', JSON.stringify({ format: 'session-keeper-timeline', version: 1, entries: {} })],
    [
      'too many entries',
      JSON.stringify({ format: 'session-keeper-timeline', version: 1, entries: Array(100_001).fill(0) }),
    ],
  ])('is rejected: %s', (_, text) => {
    expect(parseTimelineFile(text)).toBeUndefined();
  });

  it('is read without its malformed entries', () => {
    const good = entry(1, 'tabs', '1');
    const odd = [null, 1, { ...good, at: 'x' }, { ...good, at: 9e15 }, { ...good, what: 1 }, { at: 1 }, good];
    const text = JSON.stringify({ format: 'session-keeper-timeline', version: 1, entries: odd });
    expect(parseTimelineFile(text)).toEqual([good]);
  });
});

describe('the lane of the session', () => {
  const last = (...states: readonly string[]) =>
    laneOf(
      states.map((what, index) => entry(index, 'state', what)),
      'token',
    ).spans.at(-1)?.tone;

  it('is bad only when the server ended the session', () => {
    expect(last('active', 'refreshing', 'ending', 'signed-out')).toBe('bad');
    expect(last('starting', 'signed-out')).toBe('idle');
    expect(last('active', 'signed-out')).toBe('idle');
  });
});
