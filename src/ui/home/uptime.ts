import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { timelineOf, type LaneKind, type Span, type Tone } from '../timeline/model.ts';

/** `none`: the browser or the worker did not run, so there is nothing to say. */
export type SlotState = 'none' | 'good' | 'warn' | 'bad';
/** A part of the time. `events`: what the session survived in it. Times in ms since the Unix epoch. */
export type Slot = { from: number; state: SlotState; events: number };
/** `known` and `good`: how long something is known, and how long all was well (ms). */
export type Uptime = { slots: readonly Slot[]; known: number; good: number; events: number };

const SLOTS = 96;
const SLOT_MS = 15 * 60_000;

/** The lanes whose trouble a person would notice. */
const LANES: readonly LaneKind[] = ['token', 'socket', 'network'];
const STATES: Readonly<Record<Tone, SlotState>> = {
  good: 'good',
  busy: 'good',
  idle: 'none',
  warn: 'warn',
  bad: 'bad',
};
const WORST_FIRST: readonly SlotState[] = ['bad', 'warn', 'good', 'none'];

const worst = (states: readonly SlotState[]): SlotState =>
  WORST_FIRST.find((state) => states.includes(state)) ?? 'none';

/** What the session goes through: a worker that starts again, and a network that comes back. */
const isSurvived = ({ machine, what }: JournalEntry): boolean =>
  (machine === 'session' && what === 'loaded') || (machine === 'network' && what === 'up');

const overlap = (span: Span, from: number, to: number): number => Math.min(span.to, to) - Math.max(span.from, from);

/** The last day in slots of 15 minutes, from the journal (oldest entry first). `now` in ms since the Unix epoch. */
export const uptimeOf = (entries: readonly JournalEntry[], now: number): Uptime => {
  const spans = timelineOf(entries, now, true)
    .lanes.filter(({ kind }) => LANES.includes(kind))
    .flatMap((lane) => lane.spans);
  const survived = entries.filter(isSurvived);
  const first = now - SLOTS * SLOT_MS;
  const slots = Array.from({ length: SLOTS }, (_, index): Slot => {
    const from = first + index * SLOT_MS;
    const to = Math.min(now, from + SLOT_MS);
    const states = spans.filter((span) => overlap(span, from, to) > 0).map(({ tone }) => STATES[tone]);
    const events = survived.filter(({ at }) => at >= from && at < to).length;
    return { from, state: worst(states), events };
  });
  return { slots, ...shares(spans, first, now), events: slots.reduce((sum, { events }) => sum + events, 0) };
};

/** Sums up the time between any two changes, because the spans of several lanes overlap. */
const shares = (spans: readonly Span[], first: number, now: number): Pick<Uptime, 'known' | 'good'> => {
  const edges = [first, now, ...spans.flatMap(({ from, to }) => [from, to])]
    .filter((at) => at >= first && at <= now)
    .toSorted((a, b) => a - b);
  let [known, good] = [0, 0];
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1];
    if (to === undefined || to === from) continue;
    const state = worst(spans.filter((span) => overlap(span, from, to) > 0).map(({ tone }) => STATES[tone]));
    if (state !== 'none') known += to - from;
    if (state === 'good') good += to - from;
  }
  return { known, good };
};
