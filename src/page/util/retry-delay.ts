const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** How long (ms) to wait after so many failures: full jitter, and never less than was asked. `chance` is in [0, 1). */
export const pauseAfter = (failures: number, askedMs = 0, chance = Math.random()): number =>
  Math.max(askedMs, chance * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures));
