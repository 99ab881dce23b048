import { expect, test } from '../support/e2e.ts';
import { startUpdateLoad } from '../support/update-load.ts';

const UPDATES = 10;
/** Of the median; `npm run bench:update` holds each of 100 to it. */
const IN_CONTROL_WITHIN_MS = 2_000;
/** Without the pages' help the browser takes 301 s, and a page gives up after 10 s. */
const AT_MOST_MS = 10_000;

test('newer workers under steady requests, messages and a stream, without a debugger: each comes, nothing is lost', async () => {
  test.setTimeout(180_000);
  const load = await startUpdateLoad();
  try {
    const times: number[] = [];
    for (let round = 1; round <= UPDATES; round += 1) times.push(await load.update());
    const { requests, heard, ...lost } = await load.seen();
    expect(Math.max(...times), times.join(', ')).toBeLessThan(AT_MOST_MS);
    expect(times.toSorted((a, b) => a - b)[UPDATES / 2], times.join(', ')).toBeLessThan(IN_CONTROL_WITHIN_MS);
    expect(requests).toBeGreaterThan(UPDATES);
    expect(lost).toEqual({ failures: [], gaps: 0, published: heard[0] });
    expect(new Set(heard).size).toBe(1);
  } finally {
    await load.stop();
  }
});
