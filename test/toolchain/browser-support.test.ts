import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { OLDEST, unsupportedIn } from '../../scripts/checks/browser-support.ts';

const unsupported = (code: string, guarded = {}): readonly string[] =>
  unsupportedIn([{ name: 'a.js', code }], OLDEST.library, guarded);

test.each([
  ['AbortSignal.any([])', 'AbortSignal.any (a.js): not in chrome 111, firefox 115, safari 16.4, safari_ios 16.4'],
  ['Promise.withResolvers()', 'Promise.withResolvers (a.js): not in'],
  ['export const ids = (all) => all.union(all)', 'union (a.js): not in'],
  ['requestIdleCallback(() => {})', 'requestIdleCallback (a.js): not in safari 16.4'],
  ['/[a&&b]/v', 'a.js: SyntaxError'],
  ['using file = open()', 'a.js: SyntaxError'],
])('finds what an old browser cannot run: %s', (code, sentence) => {
  expect(unsupported(code)).toEqual([expect.stringContaining(sentence)]);
});

test.each([
  'export const last = (all) => all.at(-1)',
  'class A { static #all = []; static { A.#all.push(1) } }',
  'const mine = { union: 1 }; mine.union',
  'navigator.locks.request("a", () => {})',
])('finds nothing in code that all of them run: %s', (code) => {
  expect(unsupported(code)).toEqual([]);
});

test('leaves out a name that the code looks for before it uses it', () => {
  expect(unsupported('AbortSignal.any([])', { 'AbortSignal.any': 'guarded' })).toEqual([]);
});

test('names the same versions in the limits', async () => {
  const limits = await readFile('docs/reference/limits.md', 'utf8');
  for (const { chrome, firefox, safari } of Object.values(OLDEST))
    expect(limits).toContain(`Chrome and Edge ${chrome}, Firefox ${firefox} and Safari ${safari}`);
});
