import { readdir, readFile } from 'node:fs/promises';

/** A process and all its children, by their ids. Linux only. */
export const processTree = async (root: number): Promise<readonly number[]> => {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = /\) \S (\d+)/.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || isOurs(parents.get(pid)));
  return [...parents.keys()].filter(isOurs);
};

/** Proportional set size (bytes) of a process and all its children: shared pages count once. Linux only. */
export const processMemory = async (root: number): Promise<number> => {
  let total = 0;
  for (const pid of await processTree(root)) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    total += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1_024;
  }
  return total;
};
