import type { ChildProcess } from 'node:child_process';
import { ended, start } from '../process/run.ts';
import type { Counts } from './reports.ts';

/** A step that hangs ends after this time, so that the run still prints its result. */
const STEP_LIMIT_MS = 30 * 60_000;

let running: ChildProcess | undefined;

/** Ends the running command. */
export const stopRunning = (signal: NodeJS.Signals): void => void running?.kill(signal);

/** Runs a test runner, which reports its own progress. Resolves with its exit code. */
export const finish = (command: string, args: readonly string[], env?: Record<string, string>): Promise<number> => {
  running = start(command, args, { env });
  return ended(running, STEP_LIMIT_MS);
};

/** Runs a command that is one check. Its output appears only if it fails, or with `VERBOSE=1`. */
export const runCheck = async (command: string, args: readonly string[]): Promise<Counts> => {
  if (process.env['VERBOSE']) return (await finish(command, args)) === 0 ? PASSED : FAILED;
  const child = start(command, args, { stdout: 'pipe', stderr: 'pipe' });
  running = child;
  let output = '';
  child.stdout?.on('data', (data: Buffer) => void (output += data.toString()));
  child.stderr?.on('data', (data: Buffer) => void (output += data.toString()));
  if ((await ended(child, STEP_LIMIT_MS)) === 0) return PASSED;
  console.log(output);
  // `npx node` would download a package with that name.
  console.log(`  → ${[...(command === 'node' ? [] : ['npx']), command, ...args].join(' ')}`);
  return FAILED;
};

const PASSED: Counts = { passed: 1, failed: 0 };
const FAILED: Counts = { passed: 0, failed: 1 };
