/** Draws a number from 0 up to, and without, 1. */
export type Chance = () => number;

/**
 * Numbers that repeat for the same seed (mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c).
 * A report names its seed, so that a run can be repeated.
 */
export const seededChance = (seed: number): Chance => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
