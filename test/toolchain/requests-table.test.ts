import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  arrivalsIn,
  ENGINE_NAMES,
  MARKUP_KINDS,
  type MarkupArrivals,
  type TableEngine,
} from '../../scripts/docs/markup-rows.ts';
import { fileOf, KINDS, lineOf, renderTable, TABLE_FILE, type Row } from '../../scripts/docs/requests-rows.ts';

const row = (kind: string): Row => ({ kind, server: [`${kind} 1`, `${kind} 2`], caller: '200' });

test('lists each kind of request once, in order', () => {
  const kinds = [...readFileSync(TABLE_FILE, 'utf8').matchAll(/^\| (.+?) \| .* \|$/gm)].map(([, kind]) => kind);
  expect(kinds.filter((kind) => !kind?.startsWith('Request'))).toEqual([
    ...KINDS.map((kind) => kind.trim()),
    ...MARKUP_KINDS,
  ]);
});

test('has a test for each kind of request', () => {
  const folder = new URL('../browser/requests/', import.meta.url);
  const specs = readdirSync(folder).filter((name) => name.startsWith('requests-'));
  const sources = specs.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  expect(KINDS.filter((kind) => !sources.includes(`'${kind}'`))).toEqual([]);
});

test('gives each kind of request a file of its own', () => {
  expect(new Set(KINDS.map(fileOf)).size).toBe(KINDS.length);
});

test('writes a row for each kind of request, and throws when a kind was not seen', () => {
  const rows = KINDS.map(row);
  const seen: MarkupArrivals = Object.fromEntries(MARKUP_KINDS.map((kind) => [kind, 'none']));
  const arrivals = { chromium: seen, firefox: seen, webkit: { ...seen, '`<embed>`': 'nothing' } } as const;
  const table = renderTable(rows, arrivals);
  for (const each of rows) expect(table).toContain(lineOf(each));
  for (const engine of ENGINE_NAMES) expect(arrivalsIn(table, engine)).toEqual(arrivals[engine]);
  expect(() => renderTable(rows.slice(1), arrivals)).toThrow('No test has seen');
  expect(() => renderTable(rows, { ...arrivals, firefox: {} })).toThrow('No test has seen in firefox');
});

test('authorizes no markup but what looks like `fetch` in an engine [markup-bare]', () => {
  const table = readFileSync(TABLE_FILE, 'utf8');
  const authorizedIn = (engine: TableEngine): readonly string[] =>
    Object.entries(arrivalsIn(table, engine))
      .filter(([kind, arrival]) => arrival === 'token' && !kind.endsWith(' of script'))
      .map(([kind]) => kind);
  const preload = '`<link rel="preload" as="fetch" crossorigin>`';
  expect(authorizedIn('chromium')).toEqual([preload]);
  expect(authorizedIn('webkit')).toEqual([preload]);
  expect(authorizedIn('firefox')).toEqual([
    '`<link rel="prefetch" crossorigin>`',
    preload,
    '`<link rel="compression-dictionary">`',
  ]);
});
