import { expect, test } from 'vitest';
import { killRounds } from '../../support/load/kill-rounds.ts';
import { startApp } from '../../support/server/app.ts';

/** `npm run bench:kill` runs fifty. */
const ROUNDS = 3;

test('loses nothing that it acknowledged when it is killed in the middle of writes [kill-rounds]', async () => {
  const app = await startApp();
  let round = 0;
  try {
    const { acknowledged, lost } = await killRounds(app, ROUNDS, { pause: () => 150 + 200 * (round += 1) });
    expect(lost).toEqual([]);
    expect(acknowledged).toBeGreaterThan(ROUNDS);
  } finally {
    await app.stop();
  }
}, 120_000);
