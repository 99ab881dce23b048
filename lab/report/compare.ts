import type { LabReport, ScenarioVerdict } from '../results/result.ts';

export type Change = {
  id: string;
  title: string;
  before: ScenarioVerdict | 'absent';
  after: ScenarioVerdict | 'absent';
};
export type Comparison = { better: readonly Change[]; worse: readonly Change[]; other: readonly Change[] };

const RANK: Readonly<Record<ScenarioVerdict, number | undefined>> = {
  kept: 2,
  disturbed: 1,
  lost: 0,
  skipped: undefined,
  broken: undefined,
};

/** What changed between two reports of the same scenarios. */
export const compareReports = (before: LabReport, after: LabReport): Comparison => {
  const [old, now] = [before, after].map(({ results }) => new Map(results.map((result) => [result.id, result])));
  const ids = new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]);
  const changes = [...ids].flatMap((id): Change[] => {
    const [first, second] = [old?.get(id), now?.get(id)];
    if (first?.verdict === second?.verdict) return [];
    const title = (second ?? first)?.title ?? id;
    return [{ id, title, before: first?.verdict ?? 'absent', after: second?.verdict ?? 'absent' }];
  });
  const rank = (verdict: Change['before']): number | undefined => (verdict === 'absent' ? undefined : RANK[verdict]);
  const difference = ({ before: from, after: to }: Change): number | undefined => {
    const [first, second] = [rank(from), rank(to)];
    return first === undefined || second === undefined ? undefined : second - first;
  };
  return {
    better: changes.filter((change) => (difference(change) ?? 0) > 0),
    worse: changes.filter((change) => (difference(change) ?? 0) < 0),
    other: changes.filter((change) => difference(change) === undefined),
  };
};

const lines = (title: string, changes: readonly Change[]): string[] =>
  changes.length === 0 ? [] : [title, ...changes.map(({ id, before, after }) => `  ${id}: ${before} → ${after}`), ''];

export const printComparison = ({ better, worse, other }: Comparison): string => {
  const all = [...lines('Worse', worse), ...lines('Better', better), ...lines('Run in one report only', other)];
  return all.length === 0 ? 'Nothing changed.\n' : all.join('\n');
};
