import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isThere, linksIn, type TestLink } from '../support/test-links.ts';

const DOCUMENT = new URL('../../docs/explanation/spurious-logouts.md', import.meta.url);
const COUNT = 34;

type Row = { number: number; links: readonly TestLink[] };

const rows: readonly Row[] = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| (\d+) \|.*\| (\[.+) \|$/gm)].map(
  ([, number, cell = '']) => ({ number: Number(number), links: linksIn(cell, DOCUMENT) }),
);

test('the table has each of the causes once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
});

test.each(rows.map((row) => [row.number, row.links] as const))('cause %i has a test that exists', (number, links) => {
  expect(links).not.toEqual([]);
  expect(links.filter((link) => !isThere(link))).toEqual([]);
  const own = `cause ${String(number).padStart(2, '0')}`;
  expect(links.filter(({ title }) => title.startsWith('cause ') && title !== own)).toEqual([]);
});
