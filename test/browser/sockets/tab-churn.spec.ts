import { expect, test } from '@playwright/test';
import { churn, CHURN_EVENTS } from '../../support/load/tab-churn.ts';

/** One turn for each event. `npm run soak:socket` runs the same for an hour. */
const SECONDS = 1;

test('delivers each message once and in order while tabs come and go, through an update, a discard and a new clock', async () => {
  const { sent, resident, faults, events, memory } = await churn({ seconds: SECONDS });
  expect(events).toEqual(Object.fromEntries(CHURN_EVENTS.map((event) => [event, 1])));
  expect(sent).toBeGreaterThan(0);
  expect(resident).toMatchObject({ messages: sent, missing: 0, inOrder: true });
  expect(faults).toEqual([]);
  expect(Math.min(...memory)).toBeGreaterThan(0);
});
