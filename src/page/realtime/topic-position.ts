import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import { hasRead, missingBefore, type Cursor } from '../../protocol/cursor.ts';
import type { TopicEvent } from '../types/channel-types.ts';

/** Where this page stands in a topic. */
export type Position =
  /** From now on: nothing was promised yet. */
  | { name: 'now' }
  | { name: 'at'; cursor: Cursor }
  /** The history was lost and the reader told; the next position is taken as it comes. */
  | { name: 'adrift'; cursor: Cursor };

export type TopicFrame = Extract<PortFrame, { type: 'joined' | 'event' | 'gap' }>;

export const cursorOf = (place: Position): Cursor | null => (place.name === 'now' ? null : place.cursor);

const at = (epoch: string, offset: number): Position => ({ name: 'at', cursor: { epoch, offset } });

/** The gap between what has been read and a position from which the reading goes on, if there is one. */
const missing = (place: Position, topic: string, epoch: string, next: number): TopicEvent[] => {
  const range = place.name === 'at' ? missingBefore(place.cursor, epoch, next) : undefined;
  return range ? [{ type: 'gap', topic, ...range }] : [];
};

const seen = (place: Position, epoch: string, offset: number): boolean =>
  place.name === 'at' && hasRead(place.cursor, epoch, offset);

const passGap = (
  place: Position,
  { topic, epoch, from, to }: Extract<TopicFrame, { type: 'gap' }>,
): [Position, TopicEvent[]] => {
  if (to === 0)
    return [{ name: 'adrift', cursor: cursorOf(place) ?? { epoch, offset: from } }, [{ type: 'gap', topic, from, to }]];
  if (seen(place, epoch, to)) return [place, []];
  const gap: TopicEvent = {
    type: 'gap',
    topic,
    from: seen(place, epoch, from) ? (cursorOf(place)?.offset ?? 0) + 1 : from,
    to,
  };
  return [at(epoch, to), [...missing(place, topic, epoch, from), gap]];
};

/**
 * Each offset once, in order, and whatever is not there told as a gap (docs/invariants.md, 10):
 * the worker promises it, and a page that changes workers in mid-stream makes sure of it.
 */
export const advance = (place: Position, frame: TopicFrame): [Position, TopicEvent[]] => {
  const { topic } = frame;
  if (frame.type === 'gap') return passGap(place, frame);
  const { epoch, offset } = frame.type === 'joined' ? frame.at : frame;
  if (seen(place, epoch, offset)) return [place, []];
  if (frame.type === 'joined') return [at(epoch, offset), missing(place, topic, epoch, offset + 1)];
  const message: TopicEvent = { type: 'message', topic, epoch, offset, data: frame.data };
  return [at(epoch, offset), [...missing(place, topic, epoch, offset), message]];
};
