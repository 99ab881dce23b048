/* The pauses of a socket. Beside backoff.ts, because a page loads that file and does not need this one. */

import { exponentialDelay } from './backoff.ts';

/** With an announced window, the base of the redial is a tenth of the window, within these limits. */
const BASE_MIN_MS = 50;
const BASE_MAX_MS = 1_000;
const WINDOW_PER_BASE = 10;
/** A fleet that its server accepts within one second does not spread. */
const BURST_MS = 1_000;
/** The first attempt after a loss, where the server has not announced how many it can accept. People wait for it. */
const FIRST_SPREAD_MS = 50;
/** How far attempts spread. Further where the server has not announced how many it can accept. */
const SPREAD_ANNOUNCED_MS = 5_000;
const SPREAD_UNKNOWN_MS = 20_000;
/**
 * The longest window and the longest pause that a socket's server can ask for. Twice `MAX_RETRY_AFTER_MS`, because a
 * large fleet needs ten minutes to come back. A mistake in a server's configuration must not last for days.
 */
export const PAUSE_MAX_MS = 600_000;
const PAUSE_MIN_MS = 250;
/** Many clients may share one slot, so they spread over 100 ms, or over one second where the pause is in whole seconds. */
const SLOT_SPREAD_MS = 100;
const SECOND_MS = 1_000;

/**
 * How long (ms) to wait before the next connection attempt, after a loss that others may share. `attempts` counts those
 * since the loss. `windowMs` is what the server announced before: its connected clients ÷ its accept rate.
 * With attempts spread over the window, a million clients need 2.7 attempts each (8.6 in the best peer). A small
 * fleet is back within a second (`bench/storm.ts` runs this function).
 *
 * A server that accepts its whole fleet in one second gets the first attempt at once. Without an announcement, it comes
 * * within 50 ms. The delay of later ones counts
 * from the start of the attempt before: `tookMs` is how long that one took. Other servers give no such credit, because
 * it would undo the spread.
 */
export const redialDelay = (attempts: number, windowMs: number | undefined, chance: number, tookMs = 0): number => {
  if (windowMs === undefined && attempts === 0) return chance * FIRST_SPREAD_MS;
  const announced = Math.min(windowMs ?? 0, PAUSE_MAX_MS);
  const window = announced > BURST_MS ? announced : 0;
  const baseMs =
    windowMs === undefined ? BASE_MAX_MS : Math.min(BASE_MAX_MS, Math.max(BASE_MIN_MS, announced / WINDOW_PER_BASE));
  const capMs = windowMs === undefined ? SPREAD_UNKNOWN_MS : SPREAD_ANNOUNCED_MS;
  const least = attempts > 0 ? Math.max(baseMs / 2, window / 4) : 0;
  const delay =
    least + chance * (Math.max(window, exponentialDelay(Math.max(0, attempts - 1), { baseMs, capMs })) - least);
  if (window > 0 || windowMs === undefined) return delay;
  return attempts > 0 ? Math.max(0, delay - tookMs) : 0;
};

/** The pause (ms) that a socket's server asked for, within the limits and slightly spread. It is never shorter than asked. */
export const honouredPause = (askedMs: number, chance: number): number => {
  const asked = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, askedMs));
  return asked + chance * (asked % SECOND_MS === 0 ? SECOND_MS : SLOT_SPREAD_MS);
};
