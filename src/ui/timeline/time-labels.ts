import { formatLocale } from '../locale/language.ts';
import { appStrings } from '../strings/app-strings.ts';
import { duration } from '../text/time.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const makeFormats = (tag: string) => ({
  tag,
  day: new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' }),
  minute: new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' }),
  second: new Intl.DateTimeFormat(tag, { timeStyle: 'medium' }),
  fine: new Intl.DateTimeFormat(tag, { minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 }),
  moment: new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' }),
});

let made: ReturnType<typeof makeFormats> | undefined;

const formats = (): ReturnType<typeof makeFormats> => {
  const tag = formatLocale();
  return made?.tag === tag ? made : (made = makeFormats(tag));
};

/** A label of the axis whose ticks are `step` ms apart, no more exact than the step needs. */
export const axisTime = (at: number, step: number): string => {
  const { day, minute, second, fine } = formats();
  if (step >= DAY_MS) return day.format(at);
  if (step >= MINUTE_MS) return minute.format(at);
  return (step >= SECOND_MS ? second : fine).format(at);
};

/** "28 Nov 2026, 09:28:57". */
export const momentText = (at: number): string => formats().moment.format(at);

/** "28 Nov 2026, 09:28:57 – 09:30:01 (1 min)". The date stands once if both share it. `to` is Infinity while it lasts. */
export const periodText = (from: number, to: number, now: number): string => {
  const { moment } = formats();
  const period = to === Infinity ? `${moment.format(from)} – ${appStrings().now}` : moment.formatRange(from, to);
  return `${period} (${duration(Math.min(to, now) - from)})`;
};
