import type { ChildProcess } from 'node:child_process';
import { ended, start } from '../process/run.ts';
import type { Counts } from './reports.ts';

/** A step that hangs ends after this time, so that the run still prints its result. */
const STEP_LIMIT_MS = 30 * 60_000;

const running = new Set<ChildProcess>();

/** Ends the running commands. */
export const stopRunning = (signal: NodeJS.Signals): void => {
  for (const child of running) child.kill(signal);
};

const exitCode = async (child: ChildProcess): Promise<number> => {
  running.add(child);
  const code = await ended(child, STEP_LIMIT_MS);
  running.delete(child);
  return code;
};

/** Runs a test runner, which reports its own progress. Resolves with its exit code. */
export const finish = (command: string, args: readonly string[], env?: Record<string, string>): Promise<number> =>
  exitCode(start(command, args, { env }));

/** Runs a command that is one check. Its output appears only if it fails, or with `VERBOSE=1`. */
export const runCheck = async (command: string, args: readonly string[]): Promise<Counts> => {
  if (process.env['VERBOSE']) return (await finish(command, args)) === 0 ? PASSED : FAILED;
  const child = start(command, args, { stdout: 'pipe', stderr: 'pipe' });
  let output = '';
  child.stdout?.on('data', (data: Buffer) => void (output += data.toString()));
  child.stderr?.on('data', (data: Buffer) => void (output += data.toString()));
  if ((await exitCode(child)) === 0) return PASSED;
  console.log(output);
  // `npx node` would download a package with that name.
  console.log(`  → ${[...(command === 'node' ? [] : ['npx']), command, ...args].join(' ')}`);
  return FAILED;
};

const PASSED: Counts = { passed: 1, failed: 0 };
const FAILED: Counts = { passed: 0, failed: 1 };
