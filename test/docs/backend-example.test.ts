import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** test/browser/embedding/express-example.spec.ts runs it. */
const EXAMPLE = read('examples/express/server.mjs');

test('the Express example has at most 25 lines', () => {
  expect(EXAMPLE.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test('the guide shows the Express example as it runs', () => {
  expect(read('docs/how-to/add-to-your-backend.md')).toContain(`\`\`\`js\n${EXAMPLE}\`\`\``);
});
