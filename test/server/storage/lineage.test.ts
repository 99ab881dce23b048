import { describe, expect, test } from 'vitest';
import type { Cursor } from '../../../src/protocol/cursor.ts';
import { forksFrom, MAX_FORKS, resumeFrom, type ResumePoint } from '../../../server/storage/lineage.ts';
import type { Head } from '../../../server/storage/storage.ts';

/*
 * A history that loses its end and goes on, and a reader who stopped anywhere: docs/decisions/0017. The reader must get
 * each event of the new history that it does not have, and a gap when it has events that are gone.
 */

type Resume = typeof resumeFrom;
type Event = { epoch: string; offset: number };
/** Lives of a store. Each appends some events, and then loses some of its end. */
type Lives = readonly { appended: number; lost: number }[];

const sameEvent = (a: Event, b: Event): boolean => a.epoch === b.epoch && a.offset === b.offset;

/** The history after each life, and all that a reader may have got until then. */
const play = (lives: Lives): { head: Head; history: Event[]; readers: { cursor: Cursor; got: Event[] }[] } => {
  let head: Head = { epoch: 'e0', offset: 0, oldest: 1, forks: [] };
  let history: Event[] = [];
  const readers: { cursor: Cursor; got: Event[] }[] = [];
  for (const [life, { appended, lost }] of lives.entries()) {
    for (let n = 0; n < appended; n += 1) {
      if (head.epoch !== `e${life}`) head = { ...head, epoch: `e${life}`, forks: forksFrom(head) };
      head = { ...head, offset: head.offset + 1 };
      history = [...history, { epoch: head.epoch, offset: head.offset }];
      readers.push({ cursor: { epoch: head.epoch, offset: head.offset }, got: history });
    }
    const kept = Math.max(0, history.length - lost);
    // The head is lost with the events: it is that of the last event that is left.
    const last = history[kept - 1];
    if (kept < history.length) {
      history = history.slice(0, kept);
      const forks = head.forks.filter(({ ended }) => ended <= kept);
      const atFork = head.forks.findIndex(({ epoch }) => epoch === last?.epoch);
      head = {
        epoch: last?.epoch ?? 'e0',
        offset: kept,
        oldest: 1,
        forks: atFork < 0 ? forks : head.forks.slice(0, atFork),
      };
    }
  }
  return { head, history, readers };
};

/** What is wrong for one of the readers. */
const faultOf = (resume: Resume, lives: Lives): string | undefined => {
  const { head, history, readers } = play(lives);
  for (const { cursor, got } of readers) {
    const point: ResumePoint = resume(head, cursor);
    const rest = history.slice(point.cursor.offset);
    const hasLost = got.some((event) => !history.some((each) => sameEvent(each, event)));
    const isMissing = history.some(
      (event) => !rest.some((each) => sameEvent(each, event)) && !got.some((each) => sameEvent(each, event)),
    );
    const isRepeated = rest.some((event) => got.some((each) => sameEvent(each, event)));
    if (hasLost && !point.gap) return 'what is gone is not reported';
    if (!hasLost && point.gap) return 'a gap is reported, and nothing is gone';
    if (isMissing && (!point.gap || point.fork)) return 'an event of the new history is missed';
    if (isRepeated) return 'an event comes twice';
    if (point.resumed === (point.gap !== undefined)) return 'a gap and a resumption exclude each other';
  }
  return undefined;
};

/** All histories of up to three lives with few events. The last life must append, or no reader can know of the loss. */
const histories: readonly Lives[] = [1, 2, 3].flatMap((appended) =>
  [0, 1, 2].flatMap((lost) =>
    [1, 2].flatMap((second) =>
      [0, 1, 2].flatMap((lostSecond) => [
        [
          { appended, lost },
          { appended: second, lost: 0 },
        ],
        [
          { appended, lost },
          { appended: second, lost: lostSecond },
          { appended: 2, lost: 0 },
        ],
      ]),
    ),
  ),
);

describe('the lineage of a history', () => {
  test('reports what is lost, and nothing else, to each reader', () => {
    expect(histories.map((lives) => faultOf(resumeFrom, lives)).filter((fault) => fault !== undefined)).toEqual([]);
  });

  const MUTANTS: Readonly<Record<string, Resume>> = {
    'takes each epoch for the same': (head, cursor) => resumeFrom(head, cursor && { ...cursor, epoch: head.epoch }),
    'forgets where epochs ended': (head, cursor) => resumeFrom({ ...head, forks: [] }, cursor),
    'goes on behind the place where the epoch ended': (head, cursor) => {
      const point = resumeFrom(head, cursor);
      return point.fork && cursor ? { ...point, cursor: { ...point.cursor, offset: cursor.offset } } : point;
    },
    'reports no gap when an epoch ended': (head, cursor) => {
      const { gap: _, ...point } = resumeFrom(head, cursor);
      return { ...point, resumed: true };
    },
    'reports a gap at each change of the epoch': (head, cursor) => {
      const point = resumeFrom(head, cursor);
      return point.fork ? { ...point, resumed: false, gap: { from: point.cursor.offset + 1, to: 0 } } : point;
    },
  };

  test.each(Object.entries(MUTANTS))('fails a server that %s', (_name, mutant) => {
    expect(histories.some((lives) => faultOf(mutant, lives) !== undefined)).toBe(true);
  });

  test('keeps the newest forks, and reports a gap to readers of an older epoch', () => {
    let head: Head = { epoch: 'e0', offset: 1, oldest: 1, forks: [] };
    for (let life = 1; life <= MAX_FORKS + 1; life += 1)
      head = { ...head, epoch: `e${life}`, offset: life + 1, forks: forksFrom(head) };
    expect(resumeFrom(head, { epoch: 'e0', offset: 1 }).gap).toEqual({ from: 2, to: 0 });
    expect(resumeFrom(head, { epoch: 'e1', offset: 2 }).resumed).toBe(true);
  });
});
