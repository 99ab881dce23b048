import { strings } from './strings.ts';
import { formatLocale } from '../locale/language.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Below this a moment is "just now": nobody is helped by reading "2 seconds ago". */
const JUST_NOW_MS = 10 * SECOND_MS;

type Unit = 'second' | 'minute' | 'hour' | 'day';

const makeFormats = (tag: string) => ({
  tag,
  relative: new Intl.RelativeTimeFormat(tag),
  clock: new Intl.DateTimeFormat(tag, { timeStyle: 'medium' }),
  minute: new Intl.DateTimeFormat(tag, { timeStyle: 'short' }),
  calendar: new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }),
  list: new Intl.ListFormat(tag),
  number: new Intl.NumberFormat(tag),
});

let made: ReturnType<typeof makeFormats> | undefined;

/** Formats are dear to make and wanted every second: kept until another language is spoken. */
const formats = (): ReturnType<typeof makeFormats> => {
  const tag = formatLocale();
  return made?.tag === tag ? made : (made = makeFormats(tag));
};

const inUnits = (ms: number): readonly [number, Unit] => {
  const size = Math.abs(ms);
  if (size < 90 * SECOND_MS) return [Math.round(ms / SECOND_MS), 'second'];
  if (size < 90 * MINUTE_MS) return [Math.round(ms / MINUTE_MS), 'minute'];
  if (size < 36 * HOUR_MS) return [Math.round(ms / HOUR_MS), 'hour'];
  return [Math.round(ms / DAY_MS), 'day'];
};

/** "3 minutes ago", "in 7 seconds", "just now". Both in milliseconds since the epoch. */
export const fromNow = (at: number, now: number): string =>
  at <= now && now - at < JUST_NOW_MS ? strings().justNow : formats().relative.format(...inUnits(at - now));

/** "for 26 minutes": how long something has been as it is. */
export const lastingSince = (since: number, now: number): string =>
  strings().lasting(formats().relative.format(...inUnits(Math.min(-SECOND_MS, since - now))));

/** When something that waits goes on. A time that has come is not "0 seconds ago": it is being tried. */
export const nextTry = (at: number, now: number): string =>
  at - now < SECOND_MS ? strings().tryingNow : strings().nextTry(fromNow(at, now));

const part = (amount: number, unit: Unit): string =>
  new Intl.NumberFormat(formatLocale(), { style: 'unit', unit, unitDisplay: 'long' }).format(amount);

/** "3 hours 12 minutes", "2 days 4 hours", "40 seconds": a length of time (ms) in its two largest units. */
export const duration = (ms: number): string => {
  const [days, hours, minutes] = [ms / DAY_MS, (ms % DAY_MS) / HOUR_MS, (ms % HOUR_MS) / MINUTE_MS].map(Math.floor);
  const parts: readonly (readonly [number, Unit])[] = [
    [days ?? 0, 'day'],
    [hours ?? 0, 'hour'],
    [minutes ?? 0, 'minute'],
  ];
  const told = parts.filter(([amount]) => amount > 0).slice(0, 2);
  return told.length === 0
    ? part(Math.max(1, Math.round(ms / SECOND_MS)), 'second')
    : told.map(([amount, unit]) => part(amount, unit)).join(' ');
};

/** Time of day, to the minute. */
export const hourMinute = (at: number): string => formats().minute.format(at);

/** Time of day, to the second. */
export const timeOfDay = (at: number): string => formats().clock.format(at);

/** Date and time of day. */
export const dateTime = (at: number): string => formats().calendar.format(at);

/** "a, b and c". */
export const joinList = (parts: readonly string[]): string => formats().list.format(parts);

export const formatNumber = (value: number): string => formats().number.format(value);
