import { markdownTable } from '../../scripts/docs/figures.ts';
import type { Ratio, Rounds } from './report.ts';
import { quantile } from './statistics.ts';

const SHARES = [0.5, 0.95, 0.99] as const;

const inMs = (ms: number): string => `${ms.toFixed(1)} ms`;

/** Spread: the quartiles of the ratios, round by round. */
const textOf = ({ floor, ratio, low, high }: Ratio): string =>
  `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) × ${floor}`;

/** One measure as Markdown: the times of each subject, and its ratios of medians with their quartiles. */
export const figuresOf = (title: string, rounds: Rounds, ratios: readonly Ratio[]): string => {
  const rows = [...rounds].map(([subject, times]) => {
    const all = times.flat();
    const own = ratios.filter((found) => found.subject === subject).map(textOf);
    return [subject, ...SHARES.map((share) => inMs(quantile(all, share))), own.join('; ')];
  });
  const head = [title, ...SHARES.map((share) => `p${share * 100}`), 'ratio of medians (quartiles)'];
  return markdownTable([head, ...rows]);
};
