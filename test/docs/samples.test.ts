import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/* The samples of the quick starts are parts of the sites that a test installs, builds and drives (test/package). */

const ROOT = new URL('../../', import.meta.url);
const PAGES = readdirSync(new URL('docs/quick-start', ROOT), { encoding: 'utf8' });

type Sample = { file: string; lines: readonly string[] };

/** Code blocks that name a file: ```js [vite.config.js] */
const samplesIn = (text: string): readonly Sample[] =>
  [...text.matchAll(/^```\w+ \[([^\]]+)\]\n([\s\S]*?)^```/gm)].map(([, file = '', code = '']) => ({
    file,
    lines: code.trimEnd().split('\n'),
  }));

/** The site of a page: the one whose project the page links to. */
const siteOf = (text: string): string => /\(\.\.\/\.\.\/(examples\/sites\/[\w-]+)\)/.exec(text)?.[1] ?? '';

/** Whether the lines follow each other in the file. A page may show them with less indentation. */
const isPartOf = (lines: readonly string[], file: string): boolean =>
  file
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .includes(lines.map((line) => line.trim()).join('\n'));

describe.each(PAGES)('docs/quick-start/%s', (page) => {
  const text = readFileSync(new URL(`docs/quick-start/${page}`, ROOT), 'utf8');
  const samples = samplesIn(text);

  test('shows code of a site that a test drives', () => {
    const site = siteOf(text).replace('examples/sites/', '');
    expect(readFileSync(new URL('test/package/sites.test.ts', ROOT), 'utf8')).toContain(`{ name: '${site}'`);
    expect(samples.length).toBeGreaterThan(0);
  });

  test('shows each file as the site has it', () => {
    const folder = new URL(`${siteOf(text)}/`, ROOT);
    const wrong = samples.filter(({ file, lines }) => !isPartOf(lines, readFileSync(new URL(file, folder), 'utf8')));
    expect(wrong).toEqual([]);
  });
});

test('notices a line that the site does not have', () => {
  const [sample] = samplesIn('```js [a.js]\nconst one = 1;\n```\n');
  expect(sample && isPartOf(sample.lines, '  const one = 1;\n')).toBe(true);
  expect(sample && isPartOf(sample.lines, 'const one = 2;\n')).toBe(false);
});
