import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';
import { sortByTime, mergeEntries } from '../../src/ui/timeline/entries.ts';
import { visibleMarks, visibleSpans } from '../../src/ui/lanes/density.ts';
import { entryText } from '../../src/ui/timeline/entry-text.ts';
import { filterEntries, filterTimeline, isNarrowed, NO_FILTER, type Filter } from '../../src/ui/timeline/filter.ts';
import { parseTimelineFile, timelineFile, timelineText } from '../../src/ui/timeline/file.ts';
import { spotAt, timelineOf, type Lane, type LaneKind } from '../../src/ui/timeline/model.ts';
import { periodText } from '../../src/ui/timeline/time-labels.ts';
import { fit, follow, pan, reveal, show, ticks, timeAt, xOf, zoom } from '../../src/ui/lanes/viewport.ts';
import { summaryOf } from '../../src/ui/timeline/summary.ts';
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
    expect(rows.map((row) => entryText(row)?.text)).toEqual([
      'The session is valid.',
      'The renewal of the session is delayed.',
      '1 tab is open.',
    ]);
    expect(rows.map((row) => entryText(row)?.internal)).toEqual([true, false, false]);
  });

  it('names the date of a period once', () => {
    const from = new Date(2026, 10, 28, 9, 28, 57).getTime();
    expect(periodText(from, from + 64_000, from + 64_000).match(/2026/g)).toHaveLength(1);
    expect(periodText(from, Infinity, from + 64_000)).toMatch(/2026.*57.* – now \(1 min\)$/);
  });
});

describe('the filter', () => {
  const filter = (change: Partial<Filter>): Filter => ({ ...NO_FILTER, ...change });
  const entries = [
    entry(1, 'session', 'granted', { detail: 'call=6' }),
    entry(2, 'state', 'active'),
    entry(3, 'request', '503', { worker: '', detail: 'at=/api/v1/notes ms=9' }),
    entry(4, 'request', '200', { worker: '', detail: 'at=/lab/log ms=9' }),
    entry(5, 'network', 'down'),
  ];
  const times = (change: Partial<Filter>) => filterEntries(entries, filter(change)).map(({ at }) => at);

  it('hides internal steps and the requests of the app itself unless they are wanted', () => {
    expect(times({})).toEqual([1, 3, 5]);
    expect(times({ internal: true })).toEqual([1, 2, 3, 4, 5]);
  });

  it('finds each word in the sentence, the lane and the raw entry, in any case', () => {
    expect(times({ text: 'RENEWED' })).toEqual([1]);
    expect(times({ text: 'requests notes' })).toEqual([3]);
    expect(times({ text: 'call=6' })).toEqual([1]);
    expect(times({ text: 'nowhere' })).toEqual([]);
  });

  it('leaves out hidden lanes and what is outside the range', () => {
    expect(times({ hidden: ['requests'] })).toEqual([1, 5]);
    expect(times({ range: { from: 2, to: 5 } })).toEqual([3, 5]);
    expect([
      isNarrowed(NO_FILTER),
      isNarrowed(filter({ text: ' ' })),
      isNarrowed(filter({ hidden: ['tabs'] })),
    ]).toEqual([false, false, true]);
  });

  it('keeps how long a state lasted when other entries do not match', () => {
    const whole = timelineOf(entries, 100, true);
    const { lanes } = filterTimeline(whole, filter({ text: 'valid', hidden: ['network'] }));
    expect(lanes.map(({ kind }) => kind)).toEqual(['worker', 'token', 'requests']);
    expect(lanes[1]).toMatchObject({ spans: [{ from: 2, to: Infinity }], marks: [] });
    const requests = filterTimeline(whole, NO_FILTER).lanes.find(({ kind }) => kind === 'requests');
    expect(requests?.marks.map(({ at }) => at)).toEqual([3]);
  });
});

describe('a dense lane', () => {
  const view = { from: 0, to: 6_000, width: 60 };

  it('draws what is alone on its own, and several events in one column as their shares', () => {
    const states = [
      ...[entry(0, 'state', 'active'), entry(3_000, 'state', 'refreshing'), entry(3_125, 'state', 'degraded')],
      ...[entry(3_250, 'state', 'active')],
    ];
    const { single, cells } = visibleSpans(laneOf(states, 'token', 6_000), view, 6_000);
    expect(single.map(({ from }) => from)).toEqual([0, 3_250]);
    expect(cells).toMatchObject([{ x: 30, count: 2, weights: { good: 0 } }]);
    expect(cells[0]?.weights.busy).toBeCloseTo(1.25);
    expect(cells[0]?.weights.warn).toBeCloseTo(1.25);
  });

  it('counts the marks of a column by tone', () => {
    const requests = [...Array.from({ length: 9 }, (_, n) => entry(n, 'request', '200')), entry(9, 'request', '0')];
    const { single, cells } = visibleMarks(
      laneOf([...requests, entry(5_000, 'request', '200')], 'requests', 6_000),
      view,
    );
    expect(single.map(({ at }) => at)).toEqual([5_000]);
    expect(cells).toMatchObject([{ x: 0, count: 10, weights: { good: 9, warn: 1 } }]);
  });

  it('needs at most one drawing for each column, however many events there are', () => {
    const { lanes, from, to } = timelineOf(longJournal(10_000, 1_800_000_000_000), 1_800_000_000_000, true);
    for (const lane of lanes) {
      const wide = { from, to, width: 1_200 };
      const spans = visibleSpans(lane, wide, to);
      const marks = visibleMarks(lane, wide);
      for (const { single, cells } of [spans, marks]) expect(single.length + cells.length).toBeLessThanOrEqual(400);
    }
  });
});

describe('the comparison of two timelines', () => {
  it('counts what happened, and a repeated state once', () => {
    const entries = [
      ...[entry(0, 'state', 'active'), entry(10, 'network', 'down'), entry(11, 'network', 'down')],
      ...[entry(20, 'network', 'up'), entry(30, 'session', 'granted'), entry(40, 'session', 'grant-failed')],
      ...[entry(50, 'state', 'signed-out', { worker: 'b' }), entry(100, 'tabs', '1', { worker: 'b' })],
    ];
    expect(summaryOf(timelineOf(entries, 100, false))).toEqual({
      ...{ events: 8, ms: 100, valid: 0.5, renewals: 1, failures: 1, restarts: 1, losses: 1, signOuts: 1 },
    });
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

  it('shows a part with a margin', () => {
    const { from, to } = show({ from: 400_000, to: 600_000 }, extent, 1000);
    expect([from < 400_000, to > 600_000, to - from < 250_000]).toEqual([true, true, true]);
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

  it('is one line of text for each entry, without secrets', () => {
    const text = timelineText([
      entry(0, 'session', 'granted', { detail: 'call=6' }),
      entry(1, 'request', '200', { detail: 'at=/a?code=short ms=1' }),
    ]);
    expect(text.split('\n')).toEqual([
      '1970-01-01T00:00:00.000Z\tSession\tThe session was renewed.\tsession granted call=6',
      expect.stringContaining('\tRequests\t'),
    ]);
    expect(text).not.toContain('short');
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
