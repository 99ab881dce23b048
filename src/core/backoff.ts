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

/** What the redial base is held between, when the server announced a window. */
const BASE_MIN_MS = 250;
const BASE_MAX_MS = 1_000;
/** How far tries spread by themselves: over more where the server never said how much it can take. */
const SPREAD_ANNOUNCED_MS = 5_000;
const SPREAD_UNKNOWN_MS = 20_000;
/** No announcement and no pause is honoured beyond this: a slip in a server's configuration must not last for days. */
export const PAUSE_MAX_MS = 600_000;
const PAUSE_MIN_MS = 250;
/** A slot that many clients may share is spread: at least over 100 ms, over 1 s where it was told in whole seconds. */
const SLOT_SPREAD_MIN_MS = 100;
const SLOT_SPREAD_MAX_MS = 1_000;

/**
 * How long (ms) to wait before dialling again after a loss that others may share. `made` counts the tries since the
 * loss. `windowMs` is what the server announced while all was well: its connected clients ÷ its accept rate. Spreading
 * the first try over it makes a million clients come back with 2.8 tries each, where the best peer needs 8.6
 * (`bench/storm.ts` simulates this very function).
 */
export const redialDelay = (made: number, windowMs: number | undefined, chance: number): number => {
  const window = Math.min(windowMs ?? 0, PAUSE_MAX_MS);
  const baseMs = windowMs === undefined ? BASE_MAX_MS : Math.min(BASE_MAX_MS, Math.max(BASE_MIN_MS, window));
  const capMs = windowMs === undefined ? SPREAD_UNKNOWN_MS : SPREAD_ANNOUNCED_MS;
  return (made > 0 ? baseMs / 2 : 0) + chance * Math.max(window, grown(made, { baseMs, capMs }));
};

/** A pause (ms) that the server asked for: never shorter than asked, a little spread, and never for ever. */
export const honouredPause = (askedMs: number, chance: number): number => {
  const asked = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, askedMs));
  return asked + chance * Math.min(SLOT_SPREAD_MAX_MS, Math.max(SLOT_SPREAD_MIN_MS, asked / 10));
};
