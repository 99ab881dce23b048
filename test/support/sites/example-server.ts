import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, start } from '../../../scripts/process/run.ts';

export type ExampleServer = { origin: string; stop(): Promise<void> };

/** Starts a server of `examples`, whose first line of output is its address, with a data folder of its own. */
export const startExample = async (
  file: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<ExampleServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'keeper-example-'));
  const env = { PORT: '0', DATA_DIR: join(folder, 'data'), SEAL_KEY: 'example'.repeat(5), ...settings };
  const child: ChildProcess = start('node', ['--import', 'tsx', file], { env, stdout: 'pipe' });
  const stop = async (): Promise<void> => {
    const end = ended(child);
    if (child.exitCode === null && child.kill()) await end;
    await rm(folder, { recursive: true, force: true });
  };
  const output = createInterface({ input: child.stdout ?? process.stdin });
  const line = await new Promise<string>((resolve) => {
    output.once('line', resolve);
    output.once('close', () => resolve(''));
  });
  if (!URL.canParse(line)) {
    await stop();
    throw new Error(`${file} printed no address: ${line}`);
  }
  return { origin: new URL(line).origin, stop };
};
