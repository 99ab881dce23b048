import { median, quantile } from './statistics.ts';

/** `rounds`: the times (ms) of each round, by the name of the subject. All subjects have the same number of rounds. */
export type Rounds = ReadonlyMap<string, readonly (readonly number[])[]>;

/** What a subject's median may be at most, as a multiple of the median of `floor` in the same run. */
export type Target = { readonly floor: string; readonly atMost: number };

/** `low` and `high`: the quartiles of the ratios round by round. */
export type Ratio = {
  subject: string;
  floor: string;
  ratio: number;
  low: number;
  high: number;
  /** Absent for a figure without a target. */
  atMost?: number;
};

export const holds = ({ ratio, atMost = Infinity }: Ratio): boolean => ratio <= atMost;

export const ratioOf = (rounds: Rounds, subject: string, { floor, atMost }: Partial<Target>): Ratio | undefined => {
  const [own, other] = [rounds.get(subject), floor === undefined ? undefined : rounds.get(floor)];
  if (!own?.length || !other?.length || floor === undefined) return undefined;
  const paired = own.map((times, round) => median(times) / median(other[round] ?? []));
  const ratio = median(own.flat()) / median(other.flat());
  const spread = { low: quantile(paired, 0.25), high: quantile(paired, 0.75) };
  return { subject, floor, ratio, ...spread, ...(atMost === undefined ? {} : { atMost }) };
};

const NAME_WIDTH = 14;
const COLUMN = 11;
const cell = (value: string): string => value.padStart(COLUMN);
const inMs = (value: number): string => cell(`${value.toFixed(1)} ms`);

const verdict = (found: Ratio): string => {
  const spread = `${found.ratio.toFixed(2)} × ${found.floor} (${found.low.toFixed(2)} to ${found.high.toFixed(2)})`;
  if (found.atMost === undefined) return spread;
  return `${spread}, at most ${found.atMost.toFixed(2)}: ${holds(found) ? 'holds' : 'MISSED'}`;
};

/** The table of one measure: the times of each subject, with its ratios beside them. */
export const tableOf = (title: string, rounds: Rounds, ratios: readonly Ratio[]): string => {
  const head = ['p25', 'p50', 'p75', 'p95', 'p99'].map(cell).join('');
  const lines = [...rounds].map(([subject, times]) => {
    const all = times.flat();
    const cells = [0.25, 0.5, 0.75, 0.95, 0.99].map((share) => inMs(quantile(all, share))).join('');
    const own = ratios.filter((found) => found.subject === subject).map(verdict);
    return `${subject.padEnd(NAME_WIDTH)}${cells}   ${own.join('; ')}`.trimEnd();
  });
  return [title, `${''.padEnd(NAME_WIDTH)}${head}   ratio of medians (quartiles of the rounds)`, ...lines].join('\n');
};
