import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const textOf = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return '';
  }
};

/** Start time of a process in clock ticks (proc(5), field 22). A later process with the same id has another one. */
export const startTimeOf = (pid: number): string => {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

/**
 * Where process ids have one meaning: one boot of one machine, and one pid namespace (pid_namespaces(7)). In containers,
 * two servers of one folder may both be process 1.
 */
export const pidScope = (): string => {
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = textOf(() => readlinkSync('/proc/self/ns/pid'));
  return `${hostname()} ${boot} ${namespace}`;
};

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};
