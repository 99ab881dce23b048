import { expect as playwrightExpect } from '@playwright/test';

/**
 * Playwright itself looks again after 0.1, 0.25, 0.5 and then every 1 s: it would wait half a second for what takes 20 ms
 * more, several times in every test. The last one is repeated.
 */
const LOOK_AGAIN_AFTER_MS = [10, 20, 40, 80, 100, 100, 100, 200];

const poll: typeof playwrightExpect.poll = (actual, options = {}) =>
  playwrightExpect.poll(actual, {
    intervals: LOOK_AGAIN_AFTER_MS,
    ...(typeof options === 'string' ? { message: options } : options),
  });

/** Playwright's `expect`, which looks more often. */
export const expect: typeof playwrightExpect = new Proxy(playwrightExpect, {
  get: (target, name, receiver): unknown => (name === 'poll' ? poll : Reflect.get(target, name, receiver)),
});
