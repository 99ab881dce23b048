import { PAGES, startUpdateLoad } from '../test/support/load/update-load.ts';

/** Measures how long an installed worker takes until it controls busy pages, and counts lost requests and messages. */
const UPDATES = Number(process.argv[2] ?? 100);
const IN_CONTROL_WITHIN_MS = 2_000;
const PROGRESS_EVERY = 10;

const load = await startUpdateLoad();
const times: number[] = [];
try {
  for (let round = 1; round <= UPDATES; round += 1) {
    times.push(await load.update());
    if (round % PROGRESS_EVERY === 0) process.stdout.write(`${round} of ${UPDATES}: ${times.at(-1)?.toFixed(0)} ms\n`);
  }
  const seen = await load.seen();
  const sorted = times.toSorted((a, b) => a - b);
  const share = (part: number): string => (sorted[Math.ceil(part * sorted.length) - 1] ?? Infinity).toFixed(0);
  const messages = seen.received.reduce((sum, count) => sum + count, 0);
  process.stdout.write(
    [
      `${UPDATES} updates under load, ${PAGES} pages: p50 ${share(0.5)} ms, p95 ${share(0.95)} ms, max ${share(1)} ms`,
      `${seen.requests} requests answered with 200, ${seen.failures.length} others ${seen.failures.slice(0, 5).join(', ')}`,
      `${messages} of ${seen.published * PAGES} messages arrived, ${seen.gaps} gaps, ${seen.doubled} arrived twice\n`,
    ].join('\n'),
  );
  const lost = seen.failures.length > 0 || seen.gaps > 0 || seen.doubled > 0 || messages !== seen.published * PAGES;
  process.exitCode = lost || times.some((ms) => ms > IN_CONTROL_WITHIN_MS) ? 1 : 0;
} finally {
  await load.stop();
}
