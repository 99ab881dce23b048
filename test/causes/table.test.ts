import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hasTest, linksIn, type TestLink } from '../support/test-links.ts';

const DOCUMENT = new URL('../../docs/explanation/spurious-logouts.md', import.meta.url);
const COUNT = 46;

type Row = { number: number; links: readonly TestLink[] };

const rows: readonly Row[] = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| (\d+) \|.*\| (\[.+) \|$/gm)].map(
  ([, number, cell = '']) => ({ number: Number(number), links: linksIn(cell, DOCUMENT) }),
);

test('lists each cause once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
});

test.each(rows.map((row) => [row.number, row.links] as const))(
  'links cause %i to a test that exists',
  (number, links) => {
    expect(links).not.toEqual([]);
    expect(links.filter((link) => !hasTest(link))).toEqual([]);
    const own = `logout-${String(number).padStart(2, '0')}`;
    expect(links.filter(({ id }) => id.startsWith('logout-') && !id.startsWith(own))).toEqual([]);
  },
);
