import { localized } from '../locale/localized.ts';
import { appStrings } from '../strings/app-strings.ts';
import { duration } from '../text/time.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const day = localized((tag) => new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' }));
const minute = localized((tag) => new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' }));
const second = localized((tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'medium' }));
const fine = localized(
  (tag) => new Intl.DateTimeFormat(tag, { minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 }),
);
const moment = localized((tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' }));

/** A label of the axis whose ticks are `step` ms apart, no more exact than the step needs. */
export const axisTime = (at: number, step: number): string => {
  if (step >= DAY_MS) return day().format(at);
  if (step >= MINUTE_MS) return minute().format(at);
  return (step >= SECOND_MS ? second() : fine()).format(at);
};

/** "28 Nov 2026, 09:28:57". */
export const momentText = (at: number): string => moment().format(at);

/** "28 Nov 2026, 09:28:57 – 09:30:01 (1 min)". The date stands once if both share it. `to` is Infinity while it lasts. */
export const periodText = (from: number, to: number, now: number): string => {
  const period = to === Infinity ? `${moment().format(from)} – ${appStrings().now}` : moment().formatRange(from, to);
  return `${period} (${duration(Math.min(to, now) - from)})`;
};
