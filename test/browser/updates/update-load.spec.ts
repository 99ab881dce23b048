import { expect, test } from '../../support/e2e.ts';
import { PAGES, startUpdateLoad } from '../../support/load/update-load.ts';

const UPDATES = 5;
/** A worker that does not take over by then waits for Chromium's five minutes. bench/update.ts has the promised bound. */
const IN_CONTROL_WITHIN_MS = 10_000;

test('loses no request and no message of three busy pages through five updates', async () => {
  test.setTimeout(120_000);
  const load = await startUpdateLoad();
  try {
    for (let round = 1; round <= UPDATES; round += 1) expect(await load.update()).toBeLessThan(IN_CONTROL_WITHIN_MS);
    const { requests, failures, served, received, published, gaps, doubled } = await load.seen();
    expect({ failures, gaps, doubled, served }).toEqual({ failures: [], gaps: 0, doubled: 0, served: requests });
    expect(received).toEqual(Array.from({ length: PAGES }, () => published));
  } finally {
    await load.stop();
  }
});
