import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findCycles } from '../support/architecture/cycles.ts';
import { namesDefinedTwice, SHARED_NAMES } from '../support/architecture/exported-names.ts';
import { crowdedFolders, findFolderCycles, MAX_FILES } from '../support/architecture/folders.ts';
import { parseModule, type Module } from '../support/architecture/module.ts';
import { check } from '../support/architecture/rules.ts';
import { LAYERS } from '../support/architecture/table.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['src', 'sw', 'server', 'lab', 'cli', 'scripts', 'test', 'bench'];

const modulesOf = (folder: string): Module[] =>
  readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => parseModule(path, readFileSync(`${ROOT}/${path}`, 'utf8')));

const sentence = (path: string, line: number, what: string): string => `${path}:${line} ${what}`;

describe('the source code', () => {
  const modules = FOLDERS.flatMap(modulesOf);

  test('has files in it', () => {
    expect(modules.some((module) => module.path === 'src/protocol/bridge/bridge.ts')).toBe(true);
  });

  test('obeys every rule', () => {
    const found = modules.flatMap(check).map(({ path, line, rule, what }) => sentence(path, line, `${rule}: ${what}`));
    expect(found).toEqual([]);
  });

  test('has no import cycles', () => {
    expect(findCycles(modules).map((cycle) => cycle.join(' → '))).toEqual([]);
  });

  test('has no import cycles between folders', () => {
    expect(findFolderCycles(modules).map((cycle) => cycle.join(' → '))).toEqual([]);
  });

  test(`has at most ${MAX_FILES} modules in a folder`, () => {
    expect(crowdedFolders(modules)).toEqual([]);
  });

  test('defines each exported name once', () => {
    expect(namesDefinedTwice(modules)).toEqual([]);
    expect(SHARED_NAMES.size).toBeLessThanOrEqual(10);
  });
});

describe('the rules', () => {
  const rulesBrokenBy = (path: string, source: string): string[] =>
    check(parseModule(path, source)).map((found) => found.rule);

  const BAD: readonly [rule: string, path: string, source: string][] = [
    ['arrow', 'src/protocol/a.ts', "import { x } from '../core/x.ts';"],
    ['arrow', 'src/core/a.ts', "import type { X } from '../host/x.ts';"],
    ['arrow', 'src/core/a.ts', "import { x } from 'lit';"],
    ['arrow', 'src/core/a.ts', "import { x } from 'node:fs';"],
    ['arrow', 'src/host/a.ts', "import { x } from '../../sw/x.ts';"],
    ['arrow', 'src/host/a.ts', "export * from '../page/x.ts';"],
    ['arrow', 'sw/a.ts', "import { x } from '../src/page/x.ts';"],
    ['arrow', 'src/page/a.ts', "import { x } from '../host/x.ts';"],
    ['arrow', 'src/page/a.ts', "void import('../host/x.ts');"],
    ['arrow', 'src/page/a.ts', "import { x } from './in-page/in-page-host.ts';"],
    ['arrow', 'src/page/a.ts', "type X = import('../core/x.ts').X;"],
    ['arrow', 'src/ui/a.ts', "import { x } from '../core/x.ts';"],
    ['arrow', 'src/ui/a.ts', "import { x } from '../app/x.ts';"],
    ['arrow', 'src/app/a.ts', "import { x } from '../host/x.ts';"],
    ['arrow', 'server/a.ts', "import { x } from '../src/core/x.ts';"],
    ['arrow', 'cli/a.ts', "import { x } from '../scripts/x.ts';"],
    ['arrow', 'lab/a.ts', "import { x } from '../server/x.ts';"],
    ['arrow', 'lab/a.ts', "import { x } from '../test/support/x.ts';"],
    ['arrow', 'scripts/a.ts', "import { x } from '../test/support/x.ts';"],
    ['default-export', 'src/core/a.ts', 'export default 1;'],
    ['default-export', 'sw/a.ts', 'const a = 1; export { a as default };'],
    ['default-export', 'server/a.ts', 'export default class {}'],
    ['suppression', 'test/a.ts', '// @ts-ignore because\nf();'],
    ['suppression', 'test/a.ts', '// @ts-nocheck\nf();'],
    ['suppression', 'test/a.ts', '/* eslint-disable no-console */'],
    ['suppression', 'test/a.ts', 'f(); // oxlint-disable-line'],
    ['suppression', 'test/a.ts', '// @ts-expect-error\nf();'],
    ['any', 'test/a.ts', 'let x: any;'],
    ['any', 'src/core/a.ts', 'export const f = (x: readonly any[]) => x;'],
    ['pure', 'src/core/a.ts', 'export const f = () => Date.now();'],
    ['pure', 'src/core/a.ts', 'export const f = () => new Date();'],
    ['pure', 'src/core/a.ts', 'export const f = () => Date();'],
    ['pure', 'src/core/a.ts', 'export const f = () => Math.random();'],
    ['pure', 'src/core/a.ts', 'export const f = () => performance.now();'],
    ['pure', 'src/core/a.ts', 'export const f = () => crypto.randomUUID();'],
    ['pure', 'src/core/a.ts', "export const f = () => globalThis['Date'];"],
    ['pure', 'src/core/a.ts', 'export const f = async (x: Promise<1>) => { await x; };'],
    ['window', 'src/ui/a.ts', "void fetch('/api/');"],
    ['window', 'src/ui/a.ts', "void window.fetch('/api/');"],
    ['window', 'src/ui/a.ts', "new WebSocket('/');"],
    ['window', 'src/ui/a.ts', "indexedDB.open('x');"],
    ['timer', 'src/page/a.ts', 'export const f = (ms: number) => setTimeout(g, ms);'],
    ['timer', 'src/host/a.ts', 'globalThis.setTimeout(g, retryAfter * 1000);'],
    ['timer', 'server/a.ts', 'setTimeout(g, order.everyMs);'],
    ['timer', 'server/a.ts', 'setInterval(g, Math.min(MIN_MS, ms));'],
    ['parameters', 'src/core/a.ts', 'export const f = (a: 1, b: 2, c: 3, d: 4, e: 5) => a;'],
    ['parameters', 'server/a.ts', 'export type F = { f(a: 1, b: 2, c: 3, d: 4, e: 5): void };'],
    ['parameters', 'test/a.ts', 'function f(a: 1, b: 2, c: 3, d: 4, e: 5) { return a; }'],
    ['cast', 'sw/a.ts', 'export const f = (event: MessageEvent) => event.data as string;'],
    ['cast', 'server/a.ts', 'export const f = (x: string) => JSON.parse(x) as { a: 1 };'],
    ['cast', 'server/a.ts', 'export const f = async (r: Response) => (await r.json()) as { a: 1 };'],
  ];

  test.each(BAD)('report %s in %s: %j', (rule, path, source) => {
    expect(rulesBrokenBy(path, source)).toContain(rule);
  });

  test('report length after 300 lines', () => {
    expect(rulesBrokenBy('src/core/a.ts', '//\n'.repeat(300))).toEqual([]);
    expect(rulesBrokenBy('src/core/a.ts', '//\n'.repeat(301))).toEqual(['length']);
    expect(rulesBrokenBy('test/core/a.ts', '//\n'.repeat(501))).toEqual(['length']);
    const reason = '// Long because it reads as one page.\n';
    expect(rulesBrokenBy('src/core/a.ts', `${reason}${'//\n'.repeat(399)}`)).toEqual([]);
    expect(rulesBrokenBy('src/core/a.ts', `${reason}${'//\n'.repeat(400)}`)).toEqual(['length']);
  });

  test('report function-length after 50 lines, without nested functions', () => {
    const lines = (count: number): string => '  f();\n'.repeat(count);
    const body = (count: number, within = ''): string => `export function long() {\n${lines(count)}${within}}`;
    const nested = `  const g = () => {\n${lines(48)}  };\n`;
    expect(rulesBrokenBy('sw/a.ts', body(49))).toEqual(['function-length']);
    expect(rulesBrokenBy('sw/a.ts', body(48, nested))).toEqual([]);
    expect(rulesBrokenBy('sw/a.ts', body(1, nested.replace('f();', 'f();\n')))).toEqual(['function-length']);
  });

  const GOOD: readonly [path: string, source: string][] = [
    ['src/core/a.ts', "import { x } from '../protocol/x.ts'; export const f = (at: number) => new Date(at);"],
    ['src/page/a.ts', "void import('./in-page/in-page-host.ts');"],
    ['src/page/in-page/in-page-host.ts', "import { createHost } from '../host/host.ts';"],
    ['src/ui/a.ts', "import { html } from 'lit'; import { x } from 'lit/decorators.js'; void keeper.fetch('/api/');"],
    ['sw/a.ts', "import { x } from 'workbox-precaching'; import { y } from '../src/host/host.ts';"],
    ['server/a.ts', "import { readFile } from 'node:fs/promises'; const x = JSON.parse('1') as unknown;"],
    ['src/page/a.ts', 'setTimeout(g); setTimeout(g, 250); setTimeout(g, DEADLINE_MS); startTimer(g, ms);'],
    ['server/a.ts', 'setInterval(g, TICK_MS); setInterval(g, Math.min(ms, MAX_MS));'],
    ['src/ui/a.ts', 'setTimeout(g, exponentialDelay(attempt, SCRIPT_BACKOFF));'],
    ['src/protocol/timing/timer.ts', 'setTimeout(g, ms);'],
    ['test/a.ts', "import { x } from '../server/x.ts'; export default x;"],
    ['test/a.ts', '// @ts-expect-error a number is not a name\nf(1);'],
  ];

  test.each(GOOD)('allow in %s: %j', (path, source) => {
    expect(rulesBrokenBy(path, source)).toEqual([]);
  });

  test('report an import cycle, also one of types', () => {
    const circle = [
      parseModule('src/core/a.ts', "import type { B } from './b.ts';"),
      parseModule('src/core/b.ts', "import { c } from './c.ts';"),
      parseModule('src/core/c.ts', "export * from './a.ts';"),
    ];
    expect(findCycles(circle)).toEqual([['src/core/a.ts', 'src/core/b.ts', 'src/core/c.ts', 'src/core/a.ts']]);
    expect(findCycles(circle.slice(0, 2))).toEqual([]);
  });

  test('report a cycle between two folders whose modules have none', () => {
    const circle = [
      parseModule('src/core/session/a.ts', "import { b } from '../socket/b.ts';"),
      parseModule('src/core/socket/b.ts', ''),
      parseModule('src/core/socket/c.ts', "import type { D } from '../session/d.ts';"),
      parseModule('src/core/session/d.ts', ''),
    ];
    expect(findCycles(circle)).toEqual([]);
    expect(findFolderCycles(circle)).toEqual([['src/core/session', 'src/core/socket', 'src/core/session']]);
    expect(findFolderCycles(circle.slice(0, 2))).toEqual([]);
  });

  test('report a folder with too many modules', () => {
    const modules = Array.from({ length: MAX_FILES + 1 }, (_, index) => parseModule(`src/core/a${index}.ts`, ''));
    expect(crowdedFolders(modules)).toEqual([`src/core: ${MAX_FILES + 1} modules, at most ${MAX_FILES}`]);
    expect(crowdedFolders(modules.slice(1))).toEqual([]);
  });

  test('report a name that two modules define, and not one that a module re-exports', () => {
    const first = parseModule('src/core/a.ts', 'export const x = 1;');
    expect(namesDefinedTwice([first, parseModule('server/b.ts', 'export type x = 2;')])).toEqual([
      'x: src/core/a.ts, server/b.ts',
    ]);
    expect(namesDefinedTwice([first, parseModule('src/core/b.ts', "export { x } from './a.ts';")])).toEqual([]);
  });

  test('cover an existing folder for each layer', () => {
    for (const { folder } of LAYERS) expect(readdirSync(`${ROOT}/${folder}`), folder).not.toEqual([]);
  });
});
