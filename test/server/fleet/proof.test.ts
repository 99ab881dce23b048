import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

/* A leg of two minutes of `npm run bench:fleet:proof`. */

test('loses no session and no message while instances and Redis restart and a replica is promoted', async () => {
  const run = ['--seconds', '90', '--clients', '200', '--rate', '30', '--browsers', '1'];
  const args = ['--import', 'tsx', 'bench/fleet/proof/proof.ts', ...run];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code, output).toBe(0);
  expect(output).toContain('| sessions lost | 0 |');
  expect(output).toContain('The replica is promoted: +OK');
}, 300_000);
