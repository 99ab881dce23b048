import { CELL_PX, visibleMarks, visibleSpans, type Cell } from './density.ts';
import type { TimeRange } from '../timeline/filter.ts';
import type { Lane, Mark, Timeline, Tone } from '../timeline/model.ts';
import { ticks, xOf, type Viewport } from './viewport.ts';

/** The page's current CSS colours: light or dark, a site's theme, or the system's forced colours. */
export type Palette = Readonly<Record<Tone | 'line' | 'soft' | 'ink' | 'accent' | 'surface', string>>;

/** Where the names of the lanes are: above their bars on a phone, else beside them. */
export type Names = 'above' | 'beside';

/** Sizes in CSS pixels. `bar`: from the top of a lane to its bar. */
const LANES: Readonly<Record<Names, { height: number; bar: number }>> = {
  above: { height: 46, bar: 20 },
  beside: { height: 38, bar: 10 },
};
const BAR_PX = 18;
export const AXIS_PX = 26;
const MARK_PX = 7;
const SHORTEST_PX = 1.5;
/** Trouble shows, however rare it is among the events of a column. */
const TROUBLE_PX = 4;

export const laneHeight = (names: Names): number => LANES[names].height;

export type Scene = {
  timeline: Timeline;
  view: Viewport;
  names: Names;
  /** The part that is selected. */
  range: TimeRange | undefined;
  /** The end of every span that still lasts (ms since the Unix epoch). */
  now: number;
  palette: Palette;
  font: string;
  label(at: number, step: number): string;
  /** The lane and entry under the pointer, and the moment there. */
  pointed?: { lane: number; entry: number; at: number } | undefined;
};

type Bar = { height: number; striped: boolean };

/** A tone never shows by colour alone (WCAG 1.4.1): idle is thin, busy is half as high, trouble is full and striped or solid. */
const BARS: Readonly<Record<Tone, Bar>> = {
  idle: { height: 0.16, striped: false },
  busy: { height: 0.5, striped: false },
  good: { height: 0.8, striped: false },
  warn: { height: 1, striped: true },
  bad: { height: 1, striped: false },
};

const STRIPE_PX = 5;

type Box = { x: number; y: number; width: number };

const stripes = (ctx: CanvasRenderingContext2D, { x, y, width }: Box, colour: string): void => {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, BAR_PX);
  ctx.clip();
  ctx.beginPath();
  for (let at = x - BAR_PX; at < x + width; at += STRIPE_PX * 2) {
    ctx.moveTo(at, y + BAR_PX);
    ctx.lineTo(at + BAR_PX, y);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
  ctx.restore();
};

const STACK: readonly Tone[] = ['idle', 'busy', 'good', 'warn', 'bad'];
const isTrouble = (tone: Tone): boolean => tone === 'warn' || tone === 'bad';

/** A column of shares, from the bottom up, with trouble on top: its place says what its colour says. */
const paintCell = (
  ctx: CanvasRenderingContext2D,
  cell: Cell,
  box: { bottom: number; height: number },
  palette: Palette,
): void => {
  const total = STACK.reduce((sum, tone) => sum + cell.weights[tone], 0);
  const heights = STACK.map((tone) => {
    const share = (cell.weights[tone] / total) * box.height;
    return isTrouble(tone) && share > 0 ? Math.max(TROUBLE_PX, share) : share;
  });
  const scale = box.height / heights.reduce((sum, height) => sum + height, 0);
  let bottom = box.bottom;
  STACK.forEach((tone, index) => {
    const height = (heights[index] ?? 0) * scale;
    if (height <= 0) return;
    ctx.fillStyle = palette[tone];
    ctx.fillRect(cell.x, bottom - height, CELL_PX - 1, height);
    bottom -= height;
  });
};

const paintSpans = (ctx: CanvasRenderingContext2D, lane: Lane, top: number, scene: Scene): void => {
  const { view, now, palette } = scene;
  const { single, cells } = visibleSpans(lane, view, now);
  const middle = top + LANES[scene.names].bar + BAR_PX / 2;
  for (const span of single) {
    const left = Math.max(-2, xOf(view, span.from));
    const right = Math.min(view.width + 2, xOf(view, Math.min(span.to, Math.max(now, span.from))));
    const { height, striped } = BARS[span.tone];
    const width = Math.max(SHORTEST_PX, right - left - 1);
    ctx.fillStyle = palette[span.tone];
    ctx.beginPath();
    ctx.roundRect(left, middle - (height * BAR_PX) / 2, width, height * BAR_PX, Math.min(4, width / 2));
    ctx.fill();
    if (striped && width > STRIPE_PX) stripes(ctx, { x: left, y: middle - BAR_PX / 2, width }, palette.surface);
  }
  for (const cell of cells) paintCell(ctx, cell, { bottom: middle + BAR_PX / 2, height: BAR_PX }, palette);
};

type Place = { x: number; middle: number };

const paintMark = (ctx: CanvasRenderingContext2D, { x, middle }: Place, tone: Tone, palette: Palette): void => {
  ctx.fillStyle = palette[tone];
  ctx.strokeStyle = palette.surface;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  if (isTrouble(tone)) {
    ctx.moveTo(x, middle - MARK_PX);
    ctx.lineTo(x + MARK_PX * 0.8, middle + MARK_PX * 0.7);
    ctx.lineTo(x - MARK_PX * 0.8, middle + MARK_PX * 0.7);
    ctx.closePath();
  } else ctx.arc(x, middle, MARK_PX / 2, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.fill();
};

/** Columns whose height grows with the count. */
const paintCounts = (ctx: CanvasRenderingContext2D, cells: readonly Cell[], middle: number, palette: Palette): void => {
  const most = Math.max(1, ...cells.map(({ count }) => count));
  for (const cell of cells) {
    const height = Math.max(TROUBLE_PX, (Math.log2(1 + cell.count) / Math.log2(1 + most)) * BAR_PX);
    paintCell(ctx, cell, { bottom: middle + BAR_PX / 2, height }, palette);
  }
};

/** On a lane with bars only triangles, and not too many of them, so that the bars stay visible. */
const paintTroubles = (
  ctx: CanvasRenderingContext2D,
  cells: readonly Cell[],
  middle: number,
  palette: Palette,
): void => {
  let free = -Infinity;
  for (const { x, weights } of cells) {
    if (x < free || weights.warn + weights.bad === 0) continue;
    paintMark(ctx, { x: x + CELL_PX / 2, middle }, weights.bad > 0 ? 'bad' : 'warn', palette);
    free = x + 4 * MARK_PX;
  }
};

const paintMarks = (ctx: CanvasRenderingContext2D, lane: Lane, top: number, scene: Scene): void => {
  const { view, palette } = scene;
  const middle = top + LANES[scene.names].bar + BAR_PX / 2;
  const { single, cells } = visibleMarks(lane, view);
  (lane.spans.length === 0 ? paintCounts : paintTroubles)(ctx, cells, middle, palette);
  // the quiet ones first: trouble is never below them
  const byWeight = (a: Mark, b: Mark): number => STACK.indexOf(a.tone) - STACK.indexOf(b.tone);
  for (const { at, tone } of single.toSorted(byWeight)) paintMark(ctx, { x: xOf(view, at), middle }, tone, palette);
};

const paintAxis = (ctx: CanvasRenderingContext2D, height: number, scene: Scene): void => {
  const { view, palette, font } = scene;
  const { step, at } = ticks(view);
  ctx.font = font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'bottom';
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const moment of at) {
    const x = Math.round(xOf(view, moment)) + 0.5;
    ctx.moveTo(x, 0);
    ctx.lineTo(x, height - AXIS_PX + 4);
  }
  ctx.stroke();
  ctx.fillStyle = palette.soft;
  for (const moment of at) {
    const text = scene.label(moment, step);
    const half = ctx.measureText(text).width / 2;
    const x = xOf(view, moment);
    if (x > half && x < view.width - half) ctx.fillText(text, x, height - 4);
  }
};

const paintPointed = (ctx: CanvasRenderingContext2D, height: number, scene: Scene): void => {
  const { pointed, view, palette, timeline } = scene;
  if (!pointed) return;
  const x = Math.round(xOf(view, pointed.at)) + 0.5;
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, 0);
  ctx.lineTo(x, height - AXIS_PX + 4);
  ctx.stroke();
  const span = timeline.lanes[pointed.lane]?.spans.find(({ entry }) => entry === pointed.entry);
  if (!span) return;
  const left = Math.max(1, xOf(view, span.from));
  const right = Math.min(view.width - 1, xOf(view, Math.min(span.to, scene.now)));
  ctx.lineWidth = 2;
  const { height: lanePx, bar } = LANES[scene.names];
  ctx.strokeRect(left - 1, pointed.lane * lanePx + bar - 2, Math.max(3, right - left + 1), BAR_PX + 4);
};

const paintRange = (ctx: CanvasRenderingContext2D, height: number, { range, view, palette }: Scene): void => {
  if (!range) return;
  const [left, right] = [xOf(view, range.from), xOf(view, range.to)];
  ctx.save();
  ctx.globalAlpha = 0.14;
  ctx.fillStyle = palette.accent;
  ctx.fillRect(left, 0, Math.max(1, right - left), height - AXIS_PX + 4);
  ctx.restore();
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = 1;
  ctx.strokeRect(left, -1, Math.max(1, right - left), height - AXIS_PX + 5);
};

export const heightOf = (lanes: number, names: Names): number => lanes * LANES[names].height + AXIS_PX;

/** Paints the lanes. The time it takes grows with the spans on screen, not with the length of the timeline. */
export const paint = (ctx: CanvasRenderingContext2D, scene: Scene, scale: number): void => {
  const height = heightOf(scene.timeline.lanes.length, scene.names);
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, scene.view.width, height);
  paintAxis(ctx, height, scene);
  scene.timeline.lanes.forEach((lane, index) => {
    paintSpans(ctx, lane, index * LANES[scene.names].height, scene);
    paintMarks(ctx, lane, index * LANES[scene.names].height, scene);
  });
  paintRange(ctx, height, scene);
  paintPointed(ctx, height, scene);
};
