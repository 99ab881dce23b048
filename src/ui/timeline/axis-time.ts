import { formatLocale } from '../locale/language.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const makeFormats = (tag: string) => ({
  tag,
  day: new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' }),
  minute: new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' }),
  second: new Intl.DateTimeFormat(tag, { timeStyle: 'medium' }),
  fine: new Intl.DateTimeFormat(tag, { minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 }),
});

let made: ReturnType<typeof makeFormats> | undefined;

/** For the axis of a timeline whose ticks are `step` ms apart: no more exact than it needs to be. */
export const axisTime = (at: number, step: number): string => {
  const tag = formatLocale();
  const formats = made?.tag === tag ? made : (made = makeFormats(tag));
  if (step >= DAY_MS) return formats.day.format(at);
  if (step >= MINUTE_MS) return formats.minute.format(at);
  return (step >= SECOND_MS ? formats.second : formats.fine).format(at);
};
