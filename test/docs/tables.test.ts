import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allIds, hasTest, linksIn } from '../support/test-links.ts';

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

describe('the table of bad input', () => {
  const { url, text } = documentOf('reference/bad-input.md');
  const SECTIONS = {
    'Token endpoint': 22,
    API: 11,
    'Signing in': 8,
    'Signing out': 5,
    Clock: 4,
    IndexedDB: 8,
    Messages: 7,
    'The worker of the scope': 18,
    'Requests at the server': 13,
    'The socket': 10,
  };

  test.each(Object.entries(SECTIONS))('has at least the rows of «%s»', (section, least) => {
    expect(rowsBelow(text, `## ${section}`).length).toBeGreaterThanOrEqual(least);
  });

  const rows = Object.keys(SECTIONS).flatMap((section) => rowsBelow(text, `## ${section}`));
  test.each(rows)('links to a test that exists: $name', ({ cells }) => {
    const links = linksIn(cells.at(-1) ?? '', url);
    expect(links).not.toEqual([]);
    expect(links.filter((link) => !hasTest(link))).toEqual([]);
  });
});

describe('the table of threats', () => {
  const THREATS = 48;
  const { url, text } = documentOf('reference/threats.md');
  const rows = rowsBelow(text, '## The table');

  test('lists each threat once', () => {
    expect(rows.map(({ name }) => Number(name))).toEqual(Array.from({ length: THREATS }, (_, index) => index + 1));
  });

  test.each(rows)('links to a test that exists or says «not defended»: threat $name', ({ cells }) => {
    const last = cells.at(-1) ?? '';
    const links = linksIn(last, url);
    expect(links.length > 0 || OUT_OF_REACH.test(last)).toBe(true);
    expect(links.filter((link) => !hasTest(link))).toEqual([]);
  });
});

describe('the tables of peers', () => {
  const { url, text } = documentOf('explanation/peers.md');
  const rows = ['## What it does', '## The same faults'].flatMap((heading) => rowsBelow(text, heading));

  test('compares at least 30 things', () => {
    expect(rows.length).toBeGreaterThanOrEqual(30);
  });

  test.each(rows)('links to a test that exists or says «no»: $name', ({ cells }) => {
    const last = cells.at(-1) ?? '';
    const links = linksIn(last, url);
    expect(links.length > 0 || /^(no|—|docs)\b/.test(last)).toBe(true);
    expect(links.filter((link) => !hasTest(link))).toEqual([]);
  });
});

test('gives each id to one test only', () => {
  const seen = new Set<string>();
  expect(allIds().filter((id) => seen.has(id) || !seen.add(id))).toEqual([]);
});

test('notices an id that no test has, and a file that does not exist [docs-dead-link]', () => {
  const here = new URL('../../docs/explanation/peers.md', import.meta.url);
  const [real, unknown, gone] = linksIn(
    '[docs-dead-link](../../test/docs/tables.test.ts) [no-such-id](../../test/docs/tables.test.ts) [x](../../test/gone.ts)',
    here,
  );
  expect([real, unknown, gone].map((link) => link && hasTest(link))).toEqual([true, false, false]);
});
