import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gzippedBytes, pageFiles, readFrom, staticModules } from '../../../scripts/build/built-size.ts';
import { createFixture, type Fixture } from '../../support/fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture({
    'index.html':
      '<link rel="icon" href="/icon.svg"><link rel="stylesheet" crossorigin href="/assets/a.css"><script type="module" crossorigin src="/assets/a.js"></script>',
    'assets/a.css': 'body{}',
    'assets/a.js': 'import{b}from"./b.js";export*from"./c.js";import("./lazy.js");b()',
    'assets/b.js': 'import"./c.js";export const b=1',
    'assets/c.js': 'import"/assets/d.js";export const c=1',
    'assets/d.js': 'export{}',
    'assets/lazy.js': 'export{}',
  });
});
afterAll(() => fixture.remove());

const MODULES = ['assets/a.js', 'assets/b.js', 'assets/c.js', 'assets/d.js'];

test('counts a module with its static imports, each file once, and without its lazy parts', async () => {
  expect([...(await staticModules('assets/a.js', readFrom(fixture.root)))].toSorted()).toEqual(MODULES);
});

test('counts a page with its scripts, their imports and its style sheets', async () => {
  const files = await pageFiles('index.html', readFrom(fixture.root));
  expect([...files].toSorted()).toEqual(['assets/a.css', ...MODULES, 'index.html']);
});

test('compresses each file by itself to measure it, and fails when a file is missing', async () => {
  const read = readFrom(fixture.root);
  const one = gzipSync(await read('assets/a.css'), { level: 9 }).byteLength;
  expect(await gzippedBytes(['assets/a.css', 'assets/a.css'], read)).toBe(2 * one);
  await expect(gzippedBytes(['assets/none.js'], read)).rejects.toThrow(join('assets', 'none.js'));
});
