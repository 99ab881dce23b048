import { readFile } from 'node:fs/promises';
import { processTree } from '../../../test/support/browser/processes.ts';
import { processorOf } from '../../fleet/processes.ts';
import { median } from '../statistics.ts';

/** Processor time (ms) by the kind of process: Chromium's own names, and `server` for the rest. */
export type ProcessorTime = ReadonlyMap<string, number>;

const kindOf = (command: string): string => {
  if (!command.includes('chrom')) return 'server';
  const [, type] = /--type=([\w-]+)/.exec(command) ?? [];
  const [, service] = /--utility-sub-type=(\w+)/.exec(command) ?? [];
  return service ?? type ?? 'browser';
};

/** Of the children of this process so far. */
const processorTimes = async (): Promise<ProcessorTime> => {
  const times = new Map<string, number>();
  for (const pid of await processTree(process.pid)) {
    if (pid === process.pid) continue;
    // A process may end while this one looks at it.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
    const seconds = await processorOf(pid).catch(() => 0);
    if (command !== undefined) times.set(kindOf(command), (times.get(kindOf(command)) ?? 0) + seconds * 1_000);
  }
  return times;
};

/** What some work costs the children of this process. A child that ends meanwhile makes this too small. */
export const processorTimeOf = async <T>(work: () => Promise<T>): Promise<[T, ProcessorTime]> => {
  const before = await processorTimes();
  const result = await work();
  const after = await processorTimes();
  return [result, new Map([...after].map(([kind, ms]) => [kind, ms - (before.get(kind) ?? 0)]))];
};

const COLUMN = 9;

/** The median of each kind of process, and of the sum. Kinds that take no 10 ms are left out of the list. */
export const processorTable = (rounds: readonly ProcessorTime[]): string => {
  const sums = rounds.map((round) => [...round.values()].reduce((sum, ms) => sum + ms, 0));
  const kinds = new Set(rounds.flatMap((round) => [...round.keys()]));
  const rows = [...kinds]
    .map((kind) => ({ kind, ms: median(rounds.map((round) => round.get(kind) ?? 0)) }))
    .filter(({ ms }) => ms >= 10)
    .toSorted((a, b) => b.ms - a.ms);
  return [...rows, { kind: 'all', ms: median(sums) }]
    .map(({ kind, ms }) => `${ms.toFixed(0).padStart(COLUMN)}  ${kind}`)
    .join('\n');
};
