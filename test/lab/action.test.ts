import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseLab } from '../../cli/lab/lab-options.ts';

const ACTION = readFileSync(new URL('../../lab/action/action.yml', import.meta.url), 'utf8');
const SCRIPT = /run: \|\n((?: {8}.*\n)+)/.exec(ACTION)?.[1]?.replaceAll(/^ {8}/gm, '') ?? '';
const NAMES = [...ACTION.matchAll(/^ {8}([A-Z_]+): \$\{\{ inputs\.([\w-]+) \}\}$/gm)].map(
  ([, name = '', input = '']) => ({ name, input }),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-action-'));
  // In the place of npx: prints its arguments, one a line.
  writeFileSync(join(folder, 'npx'), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  chmodSync(join(folder, 'npx'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const argumentsFor = (given: Record<string, string>): string[] => {
  const empty = Object.fromEntries(NAMES.map(({ name }) => [name, '']));
  const env = { ...empty, LAB_SEED: '1', LAB_ENGINE: 'chromium', LAB_VERSION: 'latest', ...given };
  const path = `${folder}${delimiter}${process.env['PATH'] ?? ''}`;
  const { stdout } = spawnSync('bash', ['-eu', '-c', SCRIPT], { env: { ...env, PATH: path }, encoding: 'utf8' });
  return stdout.trimEnd().split('\n');
};

describe('the GitHub Action', () => {
  test('calls the lab with what its inputs say, and no text of theirs is a command', () => {
    const scenario = 'reload,"$(touch x)"; exit 1';
    const [, , command, ...args] = argumentsFor({
      LAB_URL: 'https://app.example/',
      LAB_USER: 'me',
      LAB_PROOF: '/api/me',
      LAB_SCENARIO: scenario,
      LAB_SEED: '7',
    });
    expect(command).toBe('lab');
    const parsed = parseLab(args, { SESSION_KEEPER_PASSWORD: 'p' });
    expect(parsed).toMatchObject({
      type: 'run',
      command: { url: 'https://app.example/', user: 'me', proof: '/api/me', seed: 7, out: 'lab-report' },
    });
    expect(args).toContain(scenario);
  });

  test('leaves out the flags of empty inputs', () => {
    const args = argumentsFor({ LAB_URL: 'https://app.example/' });
    expect(args.filter((arg) => arg.startsWith('--'))).toEqual(['--yes', '--seed', '--engine', '--report', '--out']);
  });

  test('uses each of its inputs', () => {
    const inputs = [...(/inputs:\n([\s\S]*?)\nruns:/.exec(ACTION)?.[1] ?? '').matchAll(/^ {2}([\w-]+):$/gm)].map(
      ([, name]) => name,
    );
    expect(NAMES.map(({ input }) => input)).toEqual(inputs);
    for (const { name } of NAMES.filter(({ name: each }) => each !== 'SESSION_KEEPER_PASSWORD'))
      expect(SCRIPT).toContain(`$${name}`);
    expect(SCRIPT).not.toContain('${{');
  });
});
