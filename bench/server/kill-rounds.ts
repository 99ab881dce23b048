import { killRounds } from '../../test/support/load/kill-rounds.ts';
import { startApp } from '../../test/support/server/app.ts';

/** Runs test/support/load/kill-rounds.ts for `--rounds N` (default 50). Exits with 1 when something acknowledged is lost. */
const DEFAULT_ROUNDS = 50;
const [SHORTEST_MS, LONGEST_MS] = [100, 1_500];

const [, , option, value] = process.argv;
const rounds = option === '--rounds' ? Number(value) : DEFAULT_ROUNDS;

const app = await startApp();
try {
  const result = await killRounds(app, rounds, {
    pause: () => SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS),
    onRound: (round) => process.stderr.write(`\r${round} of ${rounds}`),
  });
  process.stderr.write('\n');
  console.log(`${result.rounds} kills, ${result.acknowledged} acknowledged writes, ${result.lost.length} lost`);
  for (const what of result.lost) console.log(what);
  if (result.lost.length > 0) process.exitCode = 1;
} finally {
  await app.stop();
}
