import { parseArgs } from 'node:util';
import { runChaos } from '../../test/support/load/chaos.ts';
import { growthOf } from '../../test/support/load/tab-churn.ts';

/**
 * Runs test/support/load/chaos.ts: `npm run soak -- --minutes N --seed S`. Without a seed it draws one and prints it. Fails when
 * the model is broken, or when what pages and workers hold grows.
 */
const MB = 1_000_000;
/** Of what three pages and the workers hold, from the first third of the run to the last. */
const MAX_GROWTH_BYTES = 6 * MB;
const MAX_SEED = 1_000_000;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * MAX_SEED));
console.log(`seed ${seed}`);

const result = await runChaos({ seconds: Number(values.minutes) * 60, seed, report: (line) => console.error(line) });
const { ms, actions, violations, messages, held, slowestRecoveryMs } = result;
const counts = new Map<string, number>();
for (const action of actions) counts.set(action, (counts.get(action) ?? 0) + 1);
const growth = held.length > 0 ? growthOf(held) : 0;
const isBounded = growth <= MAX_GROWTH_BYTES;

console.log(
  `${(ms / 60_000).toFixed(1)} minutes, ${actions.length} faults, ${messages} messages to each of three users`,
);
for (const [action, count] of [...counts].toSorted(([, a], [, b]) => b - a)) console.log(`  ${count} × ${action}`);
console.log(`slowest recovery: ${(slowestRecoveryMs / 1_000).toFixed(1)} s`);
console.log(`reloads that the library asked for, because Chromium passed a worker by: ${result.dueReloads}`);
console.log(
  `requests to the token endpoint: ${result.tokenRequests}, the faults explain ${result.allowedTokenRequests}`,
);
console.log(
  `held by three pages and the workers grew by ${(growth / MB).toFixed(1)} MB, at most ${MAX_GROWTH_BYTES / MB} MB`,
);
for (const violation of violations) console.log(`BROKEN: ${violation}`);
console.log(
  violations.length === 0 && isBounded
    ? 'no session lost, each message once and in order'
    : `Run it again with --seed ${seed}.`,
);
process.exitCode = violations.length === 0 && isBounded ? 0 : 1;
