/** The part of the timeline on screen: times in ms since the Unix epoch, `width` in CSS pixels. */
export type Viewport = { from: number; to: number; width: number };
/** The whole timeline. */
export type Extent = { from: number; to: number };

/** The closest zoom. */
const SHORTEST_MS = 50;
/** The empty share of the width at each end. */
const MARGIN = 0.02;

export const xOf = ({ from, to, width }: Viewport, at: number): number => ((at - from) / (to - from)) * width;
export const timeAt = ({ from, to, width }: Viewport, x: number): number => from + (x / width) * (to - from);

/** How long `pixels` are (ms). */
export const lengthOf = ({ from, to, width }: Viewport, pixels: number): number => (pixels / width) * (to - from);

/** The time between two moments of a timeline, in any order. */
export const between = ({ from, to }: Extent, one: number, other: number): Extent => {
  const within = (at: number): number => Math.round(Math.min(to, Math.max(from, at)));
  return { from: within(Math.min(one, other)), to: within(Math.max(one, other)) };
};

/** The whole timeline, with a margin at its ends. */
export const fit = ({ from, to }: Extent, width: number): Viewport => {
  const margin = Math.max(SHORTEST_MS, (to - from) * MARGIN);
  return { from: from - margin, to: to + margin, width };
};

/** Keeps the view within the extent and its margins, and no longer than both. */
const clamp = (view: Viewport, extent: Extent): Viewport => {
  const all = fit(extent, view.width);
  const length = Math.min(Math.max(view.to - view.from, SHORTEST_MS), all.to - all.from);
  const from = Math.min(Math.max(view.from, all.from), all.to - length);
  return { from, to: from + length, width: view.width };
};

/** `factor` below 1 shows less time, in more detail. The moment at `x` stays in place. */
export const zoom = (view: Viewport, extent: Extent, factor: number, x: number): Viewport => {
  const at = timeAt(view, x);
  const length = Math.max(SHORTEST_MS, (view.to - view.from) * factor);
  const from = at - (x / view.width) * length;
  return clamp({ from, to: from + length, width: view.width }, extent);
};

/** Positive `pixels` move the view towards later times. */
export const pan = (view: Viewport, extent: Extent, pixels: number): Viewport => {
  const by = (pixels / view.width) * (view.to - view.from);
  return clamp({ from: view.from + by, to: view.to + by, width: view.width }, extent);
};

/** A part of the timeline, with a margin. */
export const show = (part: Extent, extent: Extent, width: number): Viewport => clamp(fit(part, width), extent);

/** The same length of time, up to the end of the extent. */
export const follow = (view: Viewport, extent: Extent): Viewport => {
  const all = fit(extent, view.width);
  return clamp({ from: all.to - (view.to - view.from), to: all.to, width: view.width }, extent);
};

/** Moves the view only if the moment is off screen. */
export const reveal = (view: Viewport, extent: Extent, at: number): Viewport => {
  if (at >= view.from && at <= view.to) return view;
  const half = (view.to - view.from) / 2;
  return clamp({ from: at - half, to: at + half, width: view.width }, extent);
};

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [
  ...[10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY_MS),
];
const TICK_EVERY_PX = 110;

/** The labelled moments of the axis, at round times of the local clock, `step` ms apart. */
export const ticks = (view: Viewport): { step: number; at: readonly number[] } => {
  const wanted = ((view.to - view.from) / view.width) * TICK_EVERY_PX;
  const step = STEPS_MS.find((ms) => ms >= wanted) ?? 365 * DAY_MS;
  const offset = new Date(view.from).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((view.from - offset) / step) * step + offset;
  const count = Math.max(0, Math.floor((view.to - first) / step) + 1);
  return { step, at: Array.from({ length: count }, (_, index) => first + index * step) };
};
