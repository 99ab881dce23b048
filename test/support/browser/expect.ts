import { expect as playwrightExpect } from '@playwright/test';

/**
 * Poll intervals (ms); the last one repeats. Playwright's own are 100, 250, 500 and 1,000 ms. They would cost several half
 * seconds in each test.
 */
const LOOK_AGAIN_AFTER_MS = [10, 20, 40, 80, 100, 100, 100, 200];

const poll: typeof playwrightExpect.poll = (actual, options = {}) =>
  playwrightExpect.poll(actual, {
    intervals: LOOK_AGAIN_AFTER_MS,
    ...(typeof options === 'string' ? { message: options } : options),
  });

/** Playwright's `expect` that polls more often. */
export const expect: typeof playwrightExpect = new Proxy(playwrightExpect, {
  get: (target, name, receiver): unknown => (name === 'poll' ? poll : Reflect.get(target, name, receiver)),
});
