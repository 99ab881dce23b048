import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fileOf, KINDS, lineOf, renderTable, TABLE_FILE, type Row } from '../../scripts/docs/requests-rows.ts';

const row = (kind: string): Row => ({ kind, server: [`${kind} 1`, `${kind} 2`], caller: '200' });

test('lists each kind of request once, in order', () => {
  const kinds = [...readFileSync(TABLE_FILE, 'utf8').matchAll(/^\| (.+?) \| .* \|$/gm)].map(([, kind]) => kind);
  expect(kinds.filter((kind) => kind !== 'Request')).toEqual(KINDS.map((kind) => kind.trim()));
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
  const table = renderTable(rows);
  for (const each of rows) expect(table).toContain(lineOf(each));
  expect(() => renderTable(rows.slice(1))).toThrow('No test has seen');
});
