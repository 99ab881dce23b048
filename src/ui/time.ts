const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Below this a moment is "just now": nobody is helped by reading "2 seconds ago". */
const JUST_NOW_MS = 10 * SECOND_MS;

/** The words around a time are English, so the time is too; whose English decides 14:30 or 2:30 pm. */
const ownLocale = new Intl.DateTimeFormat().resolvedOptions().locale;
const locale = ownLocale.startsWith('en') ? ownLocale : 'en-GB';

const relative = new Intl.RelativeTimeFormat(locale);
const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
const calendar = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

const inUnits = (ms: number): readonly [number, 'second' | 'minute' | 'hour' | 'day'] => {
  const size = Math.abs(ms);
  if (size < 90 * SECOND_MS) return [Math.round(ms / SECOND_MS), 'second'];
  if (size < 90 * MINUTE_MS) return [Math.round(ms / MINUTE_MS), 'minute'];
  if (size < 36 * HOUR_MS) return [Math.round(ms / HOUR_MS), 'hour'];
  return [Math.round(ms / DAY_MS), 'day'];
};

/** "3 minutes ago", "in 7 seconds", "just now". Both in milliseconds since the epoch. */
export const fromNow = (at: number, now: number): string =>
  at <= now && now - at < JUST_NOW_MS ? 'just now' : relative.format(...inUnits(at - now));

/** "for 26 minutes": how long something has been as it is. */
export const lasting = (since: number, now: number): string => {
  const [amount, unit] = inUnits(Math.max(SECOND_MS, now - since));
  return `for ${new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(amount)}`;
};

/** When something that waits goes on. A time that has come is not "0 seconds ago": it is being tried. */
export const nextTry = (at: number, now: number): string =>
  at - now < SECOND_MS ? 'trying now' : `next try ${fromNow(at, now)}`;

/** Time of day, to the second. */
export const timeOfDay = (at: number): string => clock.format(at);

/** Date and time of day. */
export const dateTime = (at: number): string => calendar.format(at);
