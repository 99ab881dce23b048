import { formatLocale } from '../locale/language.ts';

const makeFormats = (tag: string) => ({
  tag,
  near: new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }),
  day: new Intl.DateTimeFormat(tag, { weekday: 'long', day: 'numeric', month: 'long' }),
  year: new Intl.DateTimeFormat(tag, { dateStyle: 'long' }),
});

let made: ReturnType<typeof makeFormats> | undefined;

/** Whole days since the Unix epoch, by the local calendar: days of 23 and 25 hours count as one. */
const dayNumber = (at: number): number => {
  const date = new Date(at);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
};

/** "Today", "Yesterday", "Monday, 2 March", "2 March 2026". Both in ms since the Unix epoch. */
export const dayText = (at: number, now: number): string => {
  const tag = formatLocale();
  const formats = made?.tag === tag ? made : (made = makeFormats(tag));
  const ago = dayNumber(now) - dayNumber(at);
  if (ago === 0 || ago === 1) {
    const word = formats.near.format(-ago, 'day');
    return word.charAt(0).toLocaleUpperCase(tag) + word.slice(1);
  }
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? formats.day : formats.year).format(at);
};
