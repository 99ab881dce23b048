import type { Counts } from './reports.ts';

/** The result of one step of a test run. `ms`: its duration. */
export type Outcome = Counts & { name: string; ms: number };

/** The sum over steps. */
export const totalOf = (outcomes: readonly Counts[]): { passed: number; failed: number } => ({
  passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
  failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
});

/** One row of the closing table, with a line below it for each note. */
export const rowOf = ({ name, ms, passed, failed, notes }: Outcome): string => {
  const cells = [
    name.padEnd(20),
    `${(ms / 1000).toFixed(1)} s`.padStart(8),
    `${passed} passed`.padStart(13),
    `${failed} failed`.padStart(10),
  ];
  return [cells.join(''), ...(notes ?? []).map((note) => `    ${note}`)].join('\n');
};
