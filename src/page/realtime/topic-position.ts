import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import { hasRead, missingBefore, type Cursor } from '../../protocol/cursor.ts';
import type { TopicEvent } from '../types/channel-types.ts';

/** The position of this page in a topic. */
export type Position =
  /** Before the first position: the reader starts at the next event. */
  | { state: 'now' }
  | { state: 'at'; cursor: Cursor }
  /** The history was lost, and the reader has the gap. Reading continues at any next position. */
  | { state: 'lost'; cursor: Cursor };

export type TopicFrame = Extract<PortFrame, { type: 'joined' | 'event' | 'gap' | 'fork' }>;

export const cursorOf = (place: Position): Cursor | null => (place.state === 'now' ? null : place.cursor);

const at = (epoch: string, offset: number): Position => ({ state: 'at', cursor: { epoch, offset } });

/** The gap between the last offset and the next one, if there is one. */
const missing = (place: Position, topic: string, epoch: string, next: number): TopicEvent[] => {
  const range = place.state === 'at' ? missingBefore(place.cursor, epoch, next) : undefined;
  return range ? [{ type: 'gap', topic, ...range }] : [];
};

const seen = (place: Position, epoch: string, offset: number): boolean =>
  place.state === 'at' && hasRead(place.cursor, epoch, offset);

const passGap = (
  place: Position,
  { topic, epoch, from, to }: Extract<TopicFrame, { type: 'gap' }>,
): [Position, TopicEvent[]] => {
  if (to === 0)
    return [{ state: 'lost', cursor: cursorOf(place) ?? { epoch, offset: from } }, [{ type: 'gap', topic, from, to }]];
  if (seen(place, epoch, to)) return [place, []];
  const gap: TopicEvent = {
    type: 'gap',
    topic,
    from: seen(place, epoch, from) ? (cursorOf(place)?.offset ?? 0) + 1 : from,
    to,
  };
  return [at(epoch, to), [...missing(place, topic, epoch, from), gap]];
};

const passFork = (place: Position, { from, epoch, ended }: Extract<TopicFrame, { type: 'fork' }>): Position =>
  place.state === 'at' && place.cursor.epoch === from && place.cursor.offset <= ended
    ? at(epoch, place.cursor.offset)
    : place;

/**
 * Each offset once and in order, and each missing one in a gap (docs/invariants.md, 10). The worker guarantees this, and
 * the page ensures it across two workers.
 */
export const advance = (place: Position, frame: TopicFrame): [Position, TopicEvent[]] => {
  const { topic } = frame;
  if (frame.type === 'gap') return passGap(place, frame);
  if (frame.type === 'fork') return [passFork(place, frame), []];
  const { epoch, offset } = frame.type === 'joined' ? frame.at : frame;
  if (seen(place, epoch, offset)) return [place, []];
  if (frame.type === 'joined') return [at(epoch, offset), missing(place, topic, epoch, offset + 1)];
  const message: TopicEvent = { type: 'message', topic, epoch, offset, data: frame.data };
  return [at(epoch, offset), [...missing(place, topic, epoch, offset), message]];
};
