/**
 * `npm test`: the checks and the main stories. `npm run test:rest`: everything else. `npm run test:all`: both.
 * The last line is "N passed, N failed", counted from the runners' own reports.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LEGS, REPORTS, type TestStep } from './testing/steps.ts';
import { rowOf, totalOf, type Outcome } from './testing/outcome.ts';
import { stopRunning } from './testing/commands.ts';

const named = process.argv[2] ?? 'main';
const chosen = named === 'all' ? [...LEGS.main, ...LEGS.rest] : named === 'main' || named === 'rest' ? LEGS[named] : [];
if (chosen.length === 0) {
  console.error(`There is no leg "${named}". Use main, rest or all.`);
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopRunning(signal);
    process.exit(1);
  });
}

const perform = async (step: TestStep): Promise<Outcome> => {
  console.log(`── ${step.name}`);
  const startedAt = performance.now();
  const counts = await step.run().catch((error: unknown) => {
    console.error(error);
    const message = error instanceof Error ? error.message : String(error);
    return { passed: 0, failed: 1, notes: [message.split('\n')[0] ?? ''] };
  });
  return { ...counts, name: step.name, ms: performance.now() - startedAt };
};

if (named !== 'rest') await rm(REPORTS, { recursive: true, force: true });
await mkdir(REPORTS, { recursive: true });

const outcomes: Outcome[] = [];
for (const group of chosen) outcomes.push(...(await Promise.all(group.map(perform))));

const total = totalOf(outcomes);
await writeFile(join(REPORTS, `leg-${named}.json`), JSON.stringify({ outcomes, ...total }, undefined, 1));
console.log(`\n${outcomes.map(rowOf).join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
