/* All pauses between two attempts of one client, with their limits. */

import { MAX_RETRY_AFTER_MS } from './retry-after.ts';

/** Durations in milliseconds. */
export type Backoff = { baseMs: number; capMs: number };

/** A refresh. People wait for it, so the cap is low. */
export const REFRESH_BACKOFF: Backoff = { baseMs: 500, capMs: 4_000 };
/** The cap (ms) after 20 failed refreshes in a row: then the provider is really down. */
export const REFRESH_OUTAGE_CAP_MS = 30_000;
/** The whoami check. No one waits for it. */
export const VERIFY_BACKOFF: Backoff = { baseMs: 1_000, capMs: 60_000 };
/** A revocation. The first retry comes soon: the browser's `online` event comes before the network works. */
export const REVOCATION_BACKOFF: Backoff = { baseMs: 500, capMs: 120_000 };
/** A part of an upload, and the snapshot of a topic after a gap. The page shows both to a person. */
export const PAGE_BACKOFF: Backoff = { baseMs: 250, capMs: 10_000 };
/** A part of the app's script, without jitter: each page loads it once. */
export const SCRIPT_BACKOFF: Backoff = { baseMs: 250, capMs: 60_000 };

/** The base, doubled for each attempt from 0, up to the cap. From attempt 1,024 the power is `Infinity`: the cap holds. */
export const exponentialDelay = (attempt: number, backoff: Backoff): number =>
  Math.min(backoff.capMs, backoff.baseMs * 2 ** attempt);

/**
 * "Full jitter": between 0 and the exponential delay. `chance` is in [0, 1).
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export const fullJitter = (attempt: number, backoff: Backoff, chance: number): number =>
  chance * exponentialDelay(attempt, backoff);

/** The same, and at least what the server asked for (`Retry-After`, ms) within its limit. */
export const retryDelay = (attempt: number, backoff: Backoff, chance: number, askedMs = 0): number =>
  Math.max(fullJitter(attempt, backoff, chance), Math.min(askedMs, MAX_RETRY_AFTER_MS));
