import { firstFrom, type Lane, type Mark, type Span, type Tone } from '../timeline/model.ts';
import { xOf, type Viewport } from './viewport.ts';

/** The width of a column that stands for several events (CSS pixels). */
export const CELL_PX = 6;

/** Several events in one column. `weights`: time on screen (px) of spans, or the number of marks, by tone. */
export type Cell = { x: number; count: number; weights: Readonly<Record<Tone, number>> };

const EMPTY: Cell['weights'] = { idle: 0, busy: 0, good: 0, warn: 0, bad: 0 };

/** Groups by column. `single`: the items that are alone in theirs. */
const group = <Item extends { tone: Tone }>(
  items: readonly { item: Item; x: number; weight: number }[],
): { single: Item[]; cells: Cell[] } => {
  const columns = new Map<number, { item: Item; weight: number }[]>();
  for (const { item, x, weight } of items) {
    const column = Math.floor(x / CELL_PX);
    const within = columns.get(column);
    if (within) within.push({ item, weight });
    else columns.set(column, [{ item, weight }]);
  }
  const single: Item[] = [];
  const cells: Cell[] = [];
  for (const [column, within] of columns) {
    const [only] = within;
    if (only && within.length === 1) single.push(only.item);
    else {
      const weights = { ...EMPTY };
      for (const { item, weight } of within) weights[item.tone] += weight;
      cells.push({ x: column * CELL_PX, count: within.length, weights });
    }
  }
  return { single, cells };
};

const MIN_WEIGHT_PX = 0.01;

/** The spans on screen: those that can be drawn on their own, and columns for those that are too short. */
export const visibleSpans = (lane: Lane, view: Viewport, now: number): { single: Span[]; cells: Cell[] } => {
  const wide: Span[] = [];
  const short: { item: Span; x: number; weight: number }[] = [];
  const first = Math.max(0, firstFrom(lane.spans, view.from, ({ from }) => from) - 1);
  for (const span of lane.spans.slice(first)) {
    if (span.from > view.to) break;
    const x = xOf(view, span.from);
    const right = xOf(view, Math.min(span.to, Math.max(now, span.from)));
    if (right < 0) continue;
    if (right - x >= CELL_PX) wide.push(span);
    else short.push({ item: span, x, weight: Math.max(MIN_WEIGHT_PX, right - x) });
  }
  const { single, cells } = group(short);
  return { single: [...wide, ...single], cells };
};

/** The marks on screen: those that are alone in their column, and columns with a count. */
export const visibleMarks = (lane: Lane, view: Viewport): { single: Mark[]; cells: Cell[] } => {
  const [first, end] = [view.from, view.to].map((at) => firstFrom(lane.marks, at, (mark) => mark.at));
  return group(lane.marks.slice(first, end).map((item) => ({ item, x: xOf(view, item.at), weight: 1 })));
};

/** How many events of a lane begin in this time, both ends included (ms since the Unix epoch). */
export const countWithin = (lane: Lane, from: number, to: number): number =>
  firstFrom(lane.spans, to + 1, (span) => span.from) -
  firstFrom(lane.spans, from, (span) => span.from) +
  firstFrom(lane.marks, to + 1, (mark) => mark.at) -
  firstFrom(lane.marks, from, (mark) => mark.at);
