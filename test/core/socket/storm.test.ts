import { expect, test } from 'vitest';
import { broken, runStorm, type Storm } from '../../support/load/storm.ts';

/*
 * The storms of `npm run bench:storm` at a twentieth of their size. With proportionally fewer clients and a smaller
 * server, the window and the bounds stay the same. A seed makes each run the same on each computer.
 */

/** Three times the server's capacity, plus three standard deviations, because a smaller fleet scatters more. */
const PEAK_PER_SECOND = 3_000 + 3 * 55;

const FLEET = { clients: 50_000, outageMs: 30_000, acceptsPerSecond: 1_000 } as const;

const STORMS: readonly Storm[] = [
  {
    ...FLEET,
    name: 'a large fleet, 30 s outage',
    loss: 'unplanned',
    bounds: { peakPerSecond: PEAK_PER_SECOND, triesPerClient: 2.8, t99s: 80, t100s: 82 },
  },
  { ...FLEET, name: 'a large fleet, planned restart', loss: 'planned', bounds: { triesPerClient: 1.01, t100s: 83 } },
  {
    name: 'a small fleet, 2 s blip',
    clients: 10_000,
    outageMs: 2_000,
    acceptsPerSecond: 20_000,
    loss: 'unplanned',
    bounds: { t99s: 2.95 },
  },
];

test.each(STORMS)('reconnects each client within the bounds: $name', (storm) => {
  const result = runStorm(storm);
  expect(broken(storm, result), JSON.stringify(result)).toEqual([]);
  expect(result.back).toBe(storm.clients);
});
