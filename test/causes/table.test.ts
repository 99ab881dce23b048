import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const DOCUMENT = new URL('../../docs/spurious-logouts.md', import.meta.url);
const COUNT = 34;

type Row = { number: number; links: readonly { title: string; file: URL }[] };

const rows: readonly Row[] = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| (\d+) \|.*\| (\[.+) \|$/gm)].map(
  ([, number, cell = '']) => ({
    number: Number(number),
    links: [...cell.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, title = '', path = '']) => ({
      title,
      file: new URL(path, DOCUMENT),
    })),
  }),
);

/** Every string of the file: imports and comments are none. */
const stringsIn = (file: URL): readonly string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('import '))
    .flatMap((line) => [...line.matchAll(/(['"`])(.*)\1/g)].map(([, , text = '']) => text));

test('the table has each of the causes once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
});

test.each(rows.map((row) => [row.number, row.links] as const))('cause %i has a test that exists', (number, links) => {
  expect(links).not.toEqual([]);
  for (const { title, file } of links) {
    const found = stringsIn(file).some((text) => text.includes(title));
    expect(found, `${title} in ${file.pathname}`).toBe(true);
  }
  const own = `cause ${String(number).padStart(2, '0')}`;
  expect(links.filter(({ title }) => title.startsWith('cause ') && title !== own)).toEqual([]);
});
