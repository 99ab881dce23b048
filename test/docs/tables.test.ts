import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isThere, linksIn } from '../support/test-links.ts';

type Row = { name: string; cells: readonly string[] };

const documentOf = (name: string): { url: URL; text: string } => {
  const url = new URL(`../../docs/${name}`, import.meta.url);
  return { url, text: readFileSync(url, 'utf8') };
};

/** Rows of all tables below a heading, each named by its first cell; head and rule are none. */
const rowsBelow = (text: string, heading: string): readonly Row[] => {
  const from = text.indexOf(`\n${heading}\n`);
  if (from < 0) return [];
  const [section = ''] = text.slice(from + heading.length + 2).split(/\n## /);
  return [...section.matchAll(/^\|(.+)\|$/gm)]
    .map(([, line = '']) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter(([first = ''], index, all) => !/^:?-+:?$/.test(first) && !/^:?-+:?$/.test(all[index + 1]?.[0] ?? ''))
    .map((cells) => ({ name: cells[0] ?? '', cells }));
};

const OUT_OF_REACH = /^not (defended|ours): .{10,}/;

describe('odd input', () => {
  const { url, text } = documentOf('reference/bad-input.md');
  const SECTIONS = { 'Token endpoint': 22, 'Signing out': 5, Clock: 4, IndexedDB: 8, Messages: 7, 'The socket': 10 };

  test.each(Object.entries(SECTIONS))('%s: the table has at least its rows', (section, least) => {
    expect(rowsBelow(text, `## ${section}`).length).toBeGreaterThanOrEqual(least);
  });

  const rows = Object.keys(SECTIONS).flatMap((section) => rowsBelow(text, `## ${section}`));
  test.each(rows)('$name: has a test that exists', ({ cells }) => {
    const links = linksIn(cells.at(-1) ?? '', url);
    expect(links).not.toEqual([]);
    expect(links.filter((link) => !isThere(link))).toEqual([]);
  });
});

describe('threats', () => {
  const THREATS = 48;
  const { url, text } = documentOf('reference/threats.md');
  const rows = rowsBelow(text, '## The table');

  test('all are there, once', () => {
    expect(rows.map(({ name }) => Number(name))).toEqual(Array.from({ length: THREATS }, (_, index) => index + 1));
  });

  test.each(rows)('threat $name: has a test that exists, or says that it is not defended', ({ cells }) => {
    const last = cells.at(-1) ?? '';
    const links = linksIn(last, url);
    expect(links.length > 0 || OUT_OF_REACH.test(last)).toBe(true);
    expect(links.filter((link) => !isThere(link))).toEqual([]);
  });
});

describe('peers', () => {
  const { url, text } = documentOf('explanation/peers.md');
  const rows = ['## What it does', '## The same faults'].flatMap((heading) => rowsBelow(text, heading));

  test('are compared in all that counts', () => {
    expect(rows.length).toBeGreaterThanOrEqual(30);
  });

  test.each(rows)('$name: what is said of this one is tested, or is no', ({ cells }) => {
    const last = cells.at(-1) ?? '';
    const links = linksIn(last, url);
    expect(links.length > 0 || /^(no|—|docs)\b/.test(last)).toBe(true);
    expect(links.filter((link) => !isThere(link))).toEqual([]);
  });
});

test('a title that no test has, and a file that is not there, are noticed', () => {
  const here = new URL('../../docs/explanation/peers.md', import.meta.url);
  const [real, made, gone] = linksIn(
    '[all are there, once](../../test/docs/tables.test.ts) [of nobody\u2019s](../../test/docs/tables.test.ts) [x](../../test/gone.ts)',
    here,
  );
  expect([real, made, gone].map((link) => link && isThere(link))).toEqual([true, false, false]);
});
