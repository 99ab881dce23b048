import { expect, test } from '@playwright/test';
import { runChaos } from '../../support/load/chaos.ts';

/** `npm run soak` runs the same for an hour, with another seed each time. */
const SECONDS = 90;
const SEED = 11;

test('keeps the session and each message through random faults, and shows no token to a page', async () => {
  test.setTimeout(6 * SECONDS * 1_000);
  const { violations, actions, messages, tokenRequests, allowedTokenRequests } = await runChaos({
    seconds: SECONDS,
    seed: SEED,
  });
  expect(violations).toEqual([]);
  expect(new Set(actions).size).toBeGreaterThan(3);
  expect(messages).toBeGreaterThan(0);
  expect(tokenRequests).toBeLessThanOrEqual(allowedTokenRequests);
});
