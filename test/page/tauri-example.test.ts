import { expect, test } from 'vitest';
import { keychainOver, type Invoke } from '../../examples/tauri/src/keychain.ts';
import { createNativeCopy } from '../../src/page/native-store.ts';
import { startingSnapshot } from '../../src/page/connection/snapshot-store.ts';
import { ok } from '../../src/protocol/problem.ts';

const DEADLINE_MS = 30;
const RECORD = `sealed-${'x'.repeat(3_000)}`;
/** The maximum size of a Windows credential in bytes. */
const MOST = 2_560;

/** A shell with a keychain. `habit` returns the answer to each command. */
const shell = (habit: (command: string, kept: string | null) => unknown): Invoke => {
  let kept: string | null = null;
  return async (command, args) => {
    if (command === 'session_copy_save') kept = String(args?.['record']);
    if (command === 'session_copy_clear') kept = null;
    return habit(command, kept);
  };
};

const works = (command: string, kept: string | null): unknown => (command === 'session_copy_load' ? kept : undefined);

const HABITS: readonly [name: string, invoke: Invoke][] = [
  ['no command is registered, and each call resolves', () => Promise.resolve(undefined)],
  ['no command is registered', (command) => Promise.reject(new Error(`Command ${command} not found`))],
  [
    'the bridge is not there',
    () => {
      throw new TypeError('window.__TAURI_INTERNALS__ is undefined');
    },
  ],
  ['it never answers', () => new Promise(() => undefined)],
  ['null', shell(() => null)],
  ['an empty string', shell(() => '')],
  ['it truncates long values', shell((command, kept) => works(command, kept?.slice(0, MOST) ?? null))],
  ['it returns an object', shell((command, kept) => ({ value: works(command, kept) }))],
  ['it adds a line end', shell((command, kept) => works(command, `${kept}\n`))],
  ['it returns the value of another app', shell((command) => works(command, 'of another app'))],
];

const copyOver = (invoke: Invoke) => {
  const api = { backup: async () => ok(RECORD), restore: async () => ok(null) };
  return createNativeCopy(keychainOver(invoke), api, DEADLINE_MS);
};

const ACTIVE = {
  ...startingSnapshot('service-worker', true),
  session: { state: 'active', kind: 'password', user: { sub: 'demo' }, accessIssuedAt: 1 },
} as const;

test.each(HABITS)('reports the state "failed" when the keychain is broken: %s', async (_name, invoke) => {
  const copy = copyOver(invoke);
  copy.update(ACTIVE);
  await expect.poll(() => copy.state).toBe('failed');
});

test('reports the state "working" when the keychain works', async () => {
  const invoke = shell(works);
  const copy = copyOver(invoke);
  copy.update(ACTIVE);
  await expect.poll(() => invoke('session_copy_load')).toBe(RECORD);
  expect(copy.state).toBe('working');
});
