/*
 * What an old worker and its pages have to agree upon while a newcomer is to take over. Why they help: docs/explanation/worker-updates.md.
 */

/** Chromium gives an old worker up to five minutes; a page holds calls and requests back no longer than this (ms). */
export const PAGE_TAKEOVER_MS = 10_000;
/** The worker hears of it before its pages do: when the last of them comes back, it has to be there for it already. */
export const WORKER_TAKEOVER_MS = 9_500;

/** Pages that ask for things hold still at each beat, by the clock that all of them share (ms since the epoch). */
export const QUIET_INTERVAL_MS = 200;
/** For so long (ms), from the beat on. */
export const QUIET_WINDOW_MS = 100;
