import { strings } from '../strings/strings.ts';
import { localized } from '../locale/localized.ts';
import type { TimeUnit } from '../locale/plural.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Younger than this is "just now": "2 seconds ago" helps no reader and changes every second. */
const JUST_NOW_MS = 10 * SECOND_MS;

const relative = localized((tag) => new Intl.RelativeTimeFormat(tag));
const clock = localized((tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'medium' }));
const minute = localized((tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'short' }));
const calendar = localized((tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }));
const list = localized((tag) => new Intl.ListFormat(tag));
const number = localized((tag) => new Intl.NumberFormat(tag));
const share = localized((tag) => new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 1 }));

const inUnits = (ms: number): readonly [number, TimeUnit] => {
  const size = Math.abs(ms);
  if (size < 90 * SECOND_MS) return [Math.round(ms / SECOND_MS), 'second'];
  if (size < 90 * MINUTE_MS) return [Math.round(ms / MINUTE_MS), 'minute'];
  if (size < 36 * HOUR_MS) return [Math.round(ms / HOUR_MS), 'hour'];
  return [Math.round(ms / DAY_MS), 'day'];
};

/** "3 minutes ago", "in 7 seconds", "just now". Both in milliseconds since the Unix epoch. */
export const fromNow = (at: number, now: number): string =>
  at <= now && now - at < JUST_NOW_MS ? strings().justNow : relative().format(...inUnits(at - now));

/** "for 26 minutes": how long a state has lasted. */
export const lastingSince = (since: number, now: number): string =>
  strings().lasting(relative().format(...inUnits(Math.min(-SECOND_MS, since - now))));

/** "next try in 7 seconds". A moment that has come is not "0 seconds ago": the attempt is under way. */
export const nextTry = (at: number, now: number): string =>
  at - now < SECOND_MS ? strings().tryingNow : strings().nextTry(fromNow(at, now));

/** "3 h 12 min", "2 days 4 h", "40 s": a length of time (ms) in its two largest units, rounded down. */
export const duration = (ms: number): string => {
  const { amount } = strings();
  const parts = (
    [
      [ms / DAY_MS, 'day'],
      [(ms % DAY_MS) / HOUR_MS, 'hour'],
      [(ms % HOUR_MS) / MINUTE_MS, 'minute'],
    ] as const
  ).flatMap(([count, unit]) => (count >= 1 ? amount(Math.floor(count), unit) : []));
  return parts.slice(0, 2).join(' ') || amount(Math.max(1, Math.round(ms / SECOND_MS)), 'second');
};

/** "23 s", "3 min": the time that is left (ms), rounded up, so that the reader never waits longer than that. */
export const timeLeft = (ms: number): string => {
  const unit = ms > MINUTE_MS ? MINUTE_MS : SECOND_MS;
  return duration(Math.ceil(ms / unit) * unit);
};

/** "2:58", "1:04:10": the time that is left (ms), second by second. */
export const countdown = (ms: number): string => {
  const total = Math.ceil(ms / SECOND_MS);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
};

/** "99.8 %": a share of 1, never rounded up to all. */
export const percent = (part: number): string => share().format(Math.floor(part * 1000) / 1000);

/** Time of day, to the minute. */
export const hourMinute = (at: number): string => minute().format(at);

/** Time of day, to the second. */
export const timeOfDay = (at: number): string => clock().format(at);

/** Date and time of day, to the minute. */
export const dateTime = (at: number): string => calendar().format(at);

/** "a, b and c". */
export const joinList = (parts: readonly string[]): string => list().format(parts);

export const formatNumber = (value: number): string => number().format(value);
