import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROBLEM } from '../../src/protocol/problem-codes.ts';

/* What a console or a component says leads to an entry of the documents. */

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/reference/troubleshooting.md', ROOT), 'utf8');
const headings = new Set([...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading));

const sources = ['src', 'sw', 'cli/plugin'].flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(new URL(`${folder}/${path}`, ROOT), 'utf8')),
);
const found = (pattern: RegExp): readonly string[] => [
  ...new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, match = '']) => match))),
];

const problemCodes = Object.keys((PROBLEM as unknown as { variants: Record<string, unknown> }).variants);
/** The codes of notes, and those at the end of an error of the worker. */
const consoleCodes = [...found(/noteOnce\(\s*'([\w-]+)'/g), ...found(/ \[([a-z]+-[a-z-]+)\]`/g)];
/** Errors of components, which a developer sees as they are. */
const componentErrors = found(/new Error\('([A-Z][^']+)'\)/g);

test.each(problemCodes)('has an entry for the problem %s', (code) => {
  expect(headings).toContain(code);
});

test.each(consoleCodes)('has an entry for the console message [%s]', (code) => {
  expect(headings).toContain(code);
});

test.each(componentErrors)('has a row for the error «%s»', (sentence) => {
  expect(page).toContain(`\`${sentence}\``);
});

test('reads the codes from the code', () => {
  expect(problemCodes.length).toBeGreaterThan(20);
  expect(consoleCodes).toEqual(expect.arrayContaining(['no-worker', 'whoami-answer', 'no-config', 'config-misfit']));
  expect(componentErrors.length).toBeGreaterThanOrEqual(4);
});
