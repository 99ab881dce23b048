import { churn, growthOf } from '../../test/support/load/tab-churn.ts';

/** Runs test/support/load/tab-churn.ts for `--minutes N` (default 60). Fails if a message is lost or memory grows. */
const DEFAULT_MINUTES = 60;
const MB = 1_000_000;
/** Of what the page and the worker hold, from the first third of the run to the last. */
const MAX_GROWTH_BYTES = 3 * MB;

const [, , option, value] = process.argv;
const minutes = option === '--minutes' ? Number(value) : DEFAULT_MINUTES;

const result = await churn({ seconds: minutes * 60, report: (line) => console.error(line) });
const { sent, ms, events, resident, visitors, faults, memory, held } = result;
const growth = growthOf(held);
const mb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
const range = (values: readonly number[]): string =>
  `${mb(values[0] ?? 0)} at first, ${mb(values.at(-1) ?? 0)} at last, ${mb(Math.max(...values))} at most`;
const isWhole = resident.messages === sent && resident.missing === 0 && resident.inOrder && faults.length === 0;
const isBounded = growth <= MAX_GROWTH_BYTES;

console.log(`${(ms / 60_000).toFixed(1)} minutes, ${sent} messages, ${visitors} tabs came and went`);
console.log(
  Object.entries(events)
    .map(([event, count]) => `${event}: ${count}`)
    .join(', '),
);
console.log(
  `the tab that stayed: ${resident.messages} received, ${resident.missing} missing, in order: ${resident.inOrder}`,
);
console.log(`the others: ${faults.length === 0 ? 'each message once and in order' : faults.join('; ')}`);
console.log(
  `held by the tab that stayed and the worker: ${range(held)}; grew by ${mb(growth)}, at most ${mb(MAX_GROWTH_BYTES)}`,
);
console.log(`memory of the browser with all its pages and workers: ${range(memory)}`);
console.log(
  isWhole && isBounded ? 'nothing lost, memory bounded' : `${isWhole ? '' : 'LOST '}${isBounded ? '' : 'GREW'}`,
);
process.exitCode = isWhole && isBounded ? 0 : 1;
