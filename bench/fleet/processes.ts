import { readFile } from 'node:fs/promises';

/** Linux counts the processor time of a process in these, 100 in each second (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;
/** In `/proc/<pid>/stat`, counted after the name, which may have spaces. */
const [USER, SYSTEM] = [11, 12];

/** Resident memory (bytes) of a process. */
export const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
};

/** Seconds of a processor that a process has used. */
export const processorOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER]) + Number(fields[SYSTEM])) / TICKS_PER_SECOND;
};

/** The sum over some processes. */
export const sumOf = async (pids: readonly number[], of: (pid: number) => Promise<number>): Promise<number> =>
  (await Promise.all(pids.map(of))).reduce((sum, each) => sum + each, 0);
