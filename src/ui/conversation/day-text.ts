import { formatLocale } from '../locale/language.ts';
import { localized } from '../locale/localized.ts';

const near = localized((tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }));
const dayOfYear = localized((tag) => new Intl.DateTimeFormat(tag, { weekday: 'long', day: 'numeric', month: 'long' }));
const dateInFull = localized((tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'long' }));

/** Whole days since the Unix epoch, by the local calendar: days of 23 and 25 hours count as one. */
const dayNumber = (at: number): number => {
  const date = new Date(at);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
};

/** "Today", "Yesterday", "Monday, 2 March", "2 March 2026". Both in ms since the Unix epoch. */
export const dayText = (at: number, now: number): string => {
  const ago = dayNumber(now) - dayNumber(at);
  if (ago === 0 || ago === 1) {
    const word = near().format(-ago, 'day');
    return word.charAt(0).toLocaleUpperCase(formatLocale()) + word.slice(1);
  }
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? dayOfYear() : dateInFull()).format(at);
};
