/** Durations in milliseconds. */
export type Backoff = { baseMs: number; capMs: number };

/** 2^30 is beyond every cap, and still a safe integer times any base. */
const MAX_DOUBLINGS = 30;

const grown = (attempt: number, { baseMs, capMs }: Backoff): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(Math.max(0, attempt), MAX_DOUBLINGS));

/**
 * "Full jitter": anywhere between nothing and the doubled-and-capped backoff. `chance` is in [0, 1).
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export const fullJitter = (attempt: number, backoff: Backoff, chance: number): number =>
  chance * grown(attempt, backoff);

/** What the redial base is held between, when the server announced a window: a tenth of it. */
const BASE_MIN_MS = 50;
const BASE_MAX_MS = 1_000;
const WINDOW_PER_BASE = 10;
/** A fleet that a server takes in a second need not spread over its window: a server can take a second's work at once. */
const BURST_MS = 1_000;
/** How far tries spread by themselves: over more where the server never said how much it can take. */
const SPREAD_ANNOUNCED_MS = 5_000;
const SPREAD_UNKNOWN_MS = 20_000;
/** No announcement and no pause is honoured beyond this: a slip in a server's configuration must not last for days. */
export const PAUSE_MAX_MS = 600_000;
const PAUSE_MIN_MS = 250;
/** A slot that many clients may share is spread: over 100 ms, or over the whole second where it was told in seconds. */
const SLOT_SPREAD_MS = 100;
const SECOND_MS = 1_000;

/**
 * How long (ms) to wait before dialling again after a loss that others may share. `made` counts the tries since the
 * loss. `windowMs` is what the server announced while all was well: its connected clients ÷ its accept rate. Spreading
 * every try over it makes a million clients come back with 2.7 tries each, where the best peer needs 8.6, and a small
 * fleet be back within a second of a blip (`bench/storm.ts` runs this very function).
 *
 * A server that takes its whole fleet in a second is asked at once, and then again as long (`tookMs`) after the last try
 * as that one had begun before: a try that died slowly has waited already. Others get no such credit, for it would bring
 * together whom the window spreads.
 */
export const redialDelay = (made: number, windowMs: number | undefined, chance: number, tookMs = 0): number => {
  const announced = Math.min(windowMs ?? 0, PAUSE_MAX_MS);
  const window = announced > BURST_MS ? announced : 0;
  const baseMs =
    windowMs === undefined ? BASE_MAX_MS : Math.min(BASE_MAX_MS, Math.max(BASE_MIN_MS, announced / WINDOW_PER_BASE));
  const capMs = windowMs === undefined ? SPREAD_UNKNOWN_MS : SPREAD_ANNOUNCED_MS;
  const least = made > 0 ? Math.max(baseMs / 2, window / 4) : 0;
  const delay = least + chance * (Math.max(window, grown(made - 1, { baseMs, capMs })) - least);
  if (window > 0 || windowMs === undefined) return delay;
  return made > 0 ? Math.max(0, delay - tookMs) : 0;
};

/** A pause (ms) that the server asked for: never shorter than asked, a little spread, and never for ever. */
export const honouredPause = (askedMs: number, chance: number): number => {
  const asked = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, askedMs));
  return asked + chance * (asked % SECOND_MS === 0 ? SECOND_MS : SLOT_SPREAD_MS);
};
