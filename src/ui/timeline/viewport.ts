/** The part of the timeline that is on screen: times in ms, `width` in CSS pixels. */
export type Viewport = { from: number; to: number; width: number };
/** All that there is to look at. */
export type Extent = { from: number; to: number };

/** Nobody can see more of a moment than this. */
const SHORTEST_MS = 50;
/** So much of the width (as a share) stays empty beside the ends. */
const MARGIN = 0.02;

export const xOf = ({ from, to, width }: Viewport, at: number): number => ((at - from) / (to - from)) * width;
export const timeAt = ({ from, to, width }: Viewport, x: number): number => from + (x / width) * (to - from);

/** Everything, with a little room at its ends. */
export const fit = ({ from, to }: Extent, width: number): Viewport => {
  const margin = Math.max(SHORTEST_MS, (to - from) * MARGIN);
  return { from: from - margin, to: to + margin, width };
};

/** Nothing is looked at that is not near the extent, nor anything longer than it. */
const held = (view: Viewport, extent: Extent): Viewport => {
  const all = fit(extent, view.width);
  const length = Math.min(Math.max(view.to - view.from, SHORTEST_MS), all.to - all.from);
  const from = Math.min(Math.max(view.from, all.from), all.to - length);
  return { from, to: from + length, width: view.width };
};

/** `factor` below 1 shows less time, in more detail; what is at `x` stays there. */
export const zoom = (view: Viewport, extent: Extent, factor: number, x: number): Viewport => {
  const at = timeAt(view, x);
  const length = Math.max(SHORTEST_MS, (view.to - view.from) * factor);
  const from = at - (x / view.width) * length;
  return held({ from, to: from + length, width: view.width }, extent);
};

/** Positive `pixels` bring what is later. */
export const pan = (view: Viewport, extent: Extent, pixels: number): Viewport => {
  const by = (pixels / view.width) * (view.to - view.from);
  return held({ from: view.from + by, to: view.to + by, width: view.width }, extent);
};

/** The same length of time, ending now. */
export const follow = (view: Viewport, extent: Extent): Viewport => {
  const all = fit(extent, view.width);
  return held({ from: all.to - (view.to - view.from), to: all.to, width: view.width }, extent);
};

/** Brings a moment on screen, if it is not. */
export const reveal = (view: Viewport, extent: Extent, at: number): Viewport => {
  if (at >= view.from && at <= view.to) return view;
  const half = (view.to - view.from) / 2;
  return held({ from: at - half, to: at + half, width: view.width }, extent);
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

/** Moments to write under the lanes, by the clock of this place; `step` (ms) tells how exactly. */
export const ticks = (view: Viewport): { step: number; at: readonly number[] } => {
  const wanted = ((view.to - view.from) / view.width) * TICK_EVERY_PX;
  const step = STEPS_MS.find((ms) => ms >= wanted) ?? 365 * DAY_MS;
  const offset = new Date(view.from).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((view.from - offset) / step) * step + offset;
  const count = Math.max(0, Math.floor((view.to - first) / step) + 1);
  return { step, at: Array.from({ length: count }, (_, index) => first + index * step) };
};
