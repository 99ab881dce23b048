import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dropOutputOfClosedPipe } from '../../cli/closed-pipe.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = join(ROOT, 'bin', 'session-keeper.mjs');

/** Inside the package, so that the configuration finds `session-keeper/config`. */
let folder: string;
beforeAll(async () => {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  folder = await mkdtemp(join(ROOT, '.cache', 'closed-pipe-'));
  await writeFile(join(folder, 'vite.config.js'), "import { sessionKeeper } from 'session-keeper/vite';\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Ended = { code: number | null; signal: string | null; stderr: string };

/** Runs the command as `session-keeper … | true`: the reader has gone before the first write. */
const runWithoutReader = (args: readonly string[], gone: readonly ('stdout' | 'stderr')[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stdout.resume();
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    for (const name of gone) child[name].destroy();
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });

describe('a command into a closed pipe', () => {
  test('keeps its exit code when errors have no reader either', async () => {
    expect(await runWithoutReader(['doctor'], ['stdout', 'stderr'])).toMatchObject({ code: 2, signal: null });
  });

  test('ends quietly after all of its work', async () => {
    expect(await runWithoutReader(['init', '--yes'], ['stdout'])).toEqual({ code: 0, signal: null, stderr: '' });
    expect(await readdir(folder)).toContain('keeper.config.mjs');
  });
});

test('throws any other error of the stream', () => {
  const stream = new EventEmitter();
  dropOutputOfClosedPipe(stream);
  const failure = (code: string) => Object.assign(new Error(code), { code });
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
  expect(() => stream.emit('error', failure('ENOSPC'))).toThrow('ENOSPC');
});
