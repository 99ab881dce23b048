/* Times of a takeover, which the old worker and its pages share (docs/explanation/worker-updates.md). */

/** The longest time (ms) that a page holds its calls and requests. Chromium gives an old worker up to five minutes. */
export const PAGE_TAKEOVER_MS = 10_000;
/** Shorter than the pages' time (ms), so that the worker serves again before the last page continues. */
export const WORKER_TAKEOVER_MS = 9_500;

/** A quiet window starts at each multiple of this (ms since the Unix epoch), by the clock that all pages share. */
export const QUIET_INTERVAL_MS = 200;
/** Length of a quiet window (ms): pages hold their requests in it. */
export const QUIET_WINDOW_MS = 100;
