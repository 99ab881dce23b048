import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withFigures } from '../../scripts/docs/figures.ts';

const page = readFileSync('docs/reference/figures.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const BLOCK = /<!-- figures: ([\w-]+) -->\n([\s\S]*?)<!-- end of figures: \1 -->/g;
const blocks = [...page.matchAll(BLOCK)].map(([, name = '', body = '']) => ({ name, body }));

describe('the figures in the documents', () => {
  test.each(blocks)('come from a command that exists: $name', ({ body }) => {
    const [, date, script] =
      /Measured on (\d{4}-\d\d-\d\d) by `npm run ([\w:]+)[^`]*` \(\d+ cores, .+\)\./.exec(body) ?? [];
    expect(date, 'The block has no date, command and machine. Run its command with --docs.').toBeDefined();
    expect(Object.keys(scripts)).toContain(script);
    expect(body.split('\n').filter((line) => line.startsWith('|')).length).toBeGreaterThan(2);
  });

  test('are replaced as a whole', () => {
    const text = 'a\n<!-- figures: x -->\nold\n<!-- end of figures: x -->\nb';
    const figures = { name: 'x', command: 'npm run bench', body: 'new' };
    const once = withFigures(text, figures, '2026-01-01', '2 cores');
    expect(once).toContain('Measured on 2026-01-01 by `npm run bench` (2 cores).\n\nnew\n');
    expect(once).not.toContain('old');
    expect(withFigures(once, figures, '2026-01-01', '2 cores')).toBe(once);
    const more = withFigures(text, { ...figures, name: 'y' }, '2026-01-01', '2 cores');
    expect(more.startsWith(text)).toBe(true);
    expect(more).toContain('## y\n\n<!-- figures: y -->\n\nMeasured on 2026-01-01');
  });
});
