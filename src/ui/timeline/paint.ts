import { firstFrom, type Lane, type Timeline, type Tone } from './model.ts';
import { ticks, xOf, type Viewport } from './viewport.ts';

/** The page's current CSS colours: light or dark, a site's theme, or the system's forced colours. */
export type Palette = Readonly<Record<Tone | 'line' | 'soft' | 'ink' | 'accent' | 'surface', string>>;

/** Sizes in CSS pixels. A lane's name is written above its bar. */
export const LANE_PX = 46;
const NAME_PX = 20;
const BAR_PX = 18;
export const AXIS_PX = 26;
const MARK_PX = 7;
const SHORTEST_PX = 1.5;

export type Scene = {
  timeline: Timeline;
  view: Viewport;
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

const paintSpans = (ctx: CanvasRenderingContext2D, lane: Lane, top: number, scene: Scene): void => {
  const { view, now, palette } = scene;
  const first = Math.max(0, firstFrom(lane.spans, view.from, (span) => span.from) - 1);
  const middle = top + NAME_PX + BAR_PX / 2;
  // spans thinner than a pixel are drawn once for each pixel, because ten thousand over each other take too long
  let drawnTo = -1;
  for (let index = first; index < lane.spans.length; index += 1) {
    const span = lane.spans[index];
    if (!span || span.from > view.to) break;
    const left = Math.max(-2, xOf(view, span.from));
    const right = Math.min(view.width + 2, xOf(view, Math.min(span.to, Math.max(now, span.from))));
    if (right < 0 || (right <= drawnTo && right - left < 1)) continue;
    const { height, striped } = BARS[span.tone];
    const width = Math.max(SHORTEST_PX, right - left - 1);
    ctx.fillStyle = palette[span.tone];
    ctx.beginPath();
    ctx.roundRect(left, middle - (height * BAR_PX) / 2, width, height * BAR_PX, Math.min(4, width / 2));
    ctx.fill();
    if (striped && width > STRIPE_PX) stripes(ctx, { x: left, y: middle - BAR_PX / 2, width }, palette.surface);
    drawnTo = Math.floor(left) + 1;
  }
};

const paintMarks = (ctx: CanvasRenderingContext2D, lane: Lane, top: number, { view, palette }: Scene): void => {
  const middle = top + NAME_PX + BAR_PX / 2;
  let drawn = -Infinity;
  for (let index = firstFrom(lane.marks, view.from, ({ at }) => at); index < lane.marks.length; index += 1) {
    const mark = lane.marks[index];
    if (!mark || mark.at > view.to) break;
    const x = xOf(view, mark.at);
    // only good marks may be skipped: trouble always shows
    const quiet = mark.tone === 'good' || mark.tone === 'busy';
    if (quiet && x - drawn < 1) continue;
    drawn = x;
    ctx.fillStyle = palette[mark.tone];
    ctx.strokeStyle = palette.surface;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    if (quiet) ctx.arc(x, middle, MARK_PX / 2, 0, 2 * Math.PI);
    else {
      ctx.moveTo(x, middle - MARK_PX);
      ctx.lineTo(x + MARK_PX * 0.8, middle + MARK_PX * 0.7);
      ctx.lineTo(x - MARK_PX * 0.8, middle + MARK_PX * 0.7);
      ctx.closePath();
    }
    ctx.stroke();
    ctx.fill();
  }
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
  ctx.strokeRect(left - 1, pointed.lane * LANE_PX + NAME_PX - 2, Math.max(3, right - left + 1), BAR_PX + 4);
};

export const heightOf = (lanes: number): number => lanes * LANE_PX + AXIS_PX;

/** Paints the lanes. The time it takes grows with the spans on screen, not with the length of the timeline. */
export const paint = (ctx: CanvasRenderingContext2D, scene: Scene, scale: number): void => {
  const height = heightOf(scene.timeline.lanes.length);
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, scene.view.width, height);
  paintAxis(ctx, height, scene);
  scene.timeline.lanes.forEach((lane, index) => {
    paintSpans(ctx, lane, index * LANE_PX, scene);
    paintMarks(ctx, lane, index * LANE_PX, scene);
  });
  paintPointed(ctx, height, scene);
};
