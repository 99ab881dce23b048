import type { Cursor } from '../../src/protocol/cursor.ts';
import type { Fork, Head } from './storage.ts';

/*
 * Which of the events that a reader has are in the history of this store. A store that lost its end (a backup that was put
 * back, a replica that was behind) gives the lost offsets again, to other events. So each life of a store has an epoch of
 * its own, and a head keeps where the earlier epochs ended: docs/decisions/0017.
 */

/** Epochs that a head keeps. A reader of an older one gets a gap of unknown length. */
export const MAX_FORKS = 8;

/** The forks of a head whose next event begins `epoch`. */
export const forksFrom = ({ epoch, offset, forks }: Pick<Head, 'epoch' | 'offset' | 'forks'>): readonly Fork[] =>
  [...forks, { epoch, ended: offset }].slice(-MAX_FORKS);

/** Where a subscription starts, and what its reader must learn before. */
export type ResumePoint = {
  cursor: Cursor;
  resumed: boolean;
  /** The epoch of the reader's cursor is an earlier one, and shares its events up to here with this epoch. */
  fork?: Fork;
  /** The reader does not get these offsets. `to` 0: their number is unknown. */
  gap?: { from: number; to: number };
};

const lost = (head: Head, cursor: Cursor, offset: number): ResumePoint => ({
  cursor: { epoch: head.epoch, offset },
  resumed: false,
  gap: { from: cursor.offset + 1, to: 0 },
});

/** The same for a cursor of this epoch, which is not beyond the head. */
const within = (head: Head, cursor: Cursor): ResumePoint => {
  const lastRemoved = head.oldest - 1;
  if (cursor.offset >= lastRemoved) return { cursor, resumed: true };
  return {
    cursor: { epoch: head.epoch, offset: lastRemoved },
    resumed: false,
    gap: { from: cursor.offset + 1, to: lastRemoved },
  };
};

/** `cursor`: where the reader stopped; `null`: it starts at the end. */
export const resumeFrom = (head: Head, cursor: Cursor | null): ResumePoint => {
  if (!cursor) return { cursor: { epoch: head.epoch, offset: head.offset }, resumed: false };
  if (cursor.epoch === head.epoch)
    return cursor.offset > head.offset ? lost(head, cursor, head.offset) : within(head, cursor);
  const fork = head.forks.find(({ epoch }) => epoch === cursor.epoch);
  if (!fork) return lost(head, cursor, head.offset);
  // What the reader has beyond the fork is gone. It continues with what this history has instead.
  const shared = { epoch: head.epoch, offset: Math.min(cursor.offset, fork.ended) };
  const point = within(head, shared);
  return cursor.offset > fork.ended
    ? { ...point, fork, resumed: false, gap: { from: cursor.offset + 1, to: 0 } }
    : { ...point, fork };
};
