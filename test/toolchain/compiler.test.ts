import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFixture, type Fixture } from '../support/fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const ROOM_FOLDERS = [
  'src/protocol',
  'src/core',
  'src/host',
  'src/page',
  'src/ui',
  'src/app',
  'sw',
  'server',
  'lab',
  'cli',
];

/** The house with nothing in it but its compiler options and one export in each room. */
const emptyHouse = (): Record<string, string> => {
  const files: Record<string, string> = {
    'tsconfig.base.json': readFileSync(join(ROOT, 'tsconfig.base.json'), 'utf8'),
  };
  for (const folder of ROOM_FOLDERS) {
    files[`${folder}/room.ts`] = `export const room = '${folder}';\n`;
    for (const name of readdirSync(join(ROOT, folder)).filter((entry) => /^tsconfig.*\.json$/.test(entry))) {
      files[`${folder}/${name}`] = readFileSync(join(ROOT, folder, name), 'utf8');
    }
  }
  return files;
};

let house: Fixture;
beforeAll(async () => {
  house = await createFixture(emptyHouse());
  symlinkSync(join(ROOT, 'node_modules'), join(house.root, 'node_modules'), 'junction');
});
afterAll(() => house.remove());

/** Compiles `source` as a file of `folder`; gives the codes of the errors, none if it compiles. */
const compile = async (project: string, folder: string, source: string): Promise<string[]> => {
  await house.write(`${folder}/sample.ts`, source);
  const { stdout } = spawnSync(process.execPath, [TSC, '-b', project, '--force'], {
    cwd: house.root,
    encoding: 'utf8',
  });
  await house.write(`${folder}/sample.ts`, 'export {};\n');
  return [...stdout.matchAll(/error (TS\d+)/g)].map(([, code]) => code ?? '');
};

const NOT_IN_PROJECT = 'TS6307';
const NO_NAME = 'TS2304';

// Project references are transitive, and the page imports the host as its fallback. So the compiler lets `ui` and `app`
// import core and host. Only layers.test.ts forbids these two imports.
describe('the compiler refuses', () => {
  const BAD: readonly [project: string, source: string, code: string][] = [
    ['src/protocol', "export { room } from '../core/room.ts';", NOT_IN_PROJECT],
    ['src/core', "export { room } from '../host/room.ts';", NOT_IN_PROJECT],
    ['src/host', "export { room } from '../page/room.ts';", NOT_IN_PROJECT],
    ['sw', "export { room } from '../src/page/room.ts';", NOT_IN_PROJECT],
    ['server', "export { room } from '../src/core/room.ts';", NOT_IN_PROJECT],
    ['cli', "export { room } from '../sw/room.ts';", NOT_IN_PROJECT],
    ['src/core', "export const f = () => fetch('/');", NO_NAME],
    ['src/core', 'export const f = () => setTimeout(() => {}, 1);', NO_NAME],
    ['src/protocol', 'export const f = (event: MessageEvent) => event;', NO_NAME],
    ['src/host', 'export const f = () => document.title;', 'TS2584'],
    ['src/host/tsconfig.dom.json', 'export const f = (scope: ServiceWorkerGlobalScope) => scope;', NO_NAME],
    ['sw', 'export const f = () => window.name;', NO_NAME],
    ['src/page', 'export const f = () => process.pid;', 'TS2591'],
    ['server', 'export const f = (element: HTMLElement) => element;', NO_NAME],
    ['sw', 'export const f = (x: string[]): string => x[0];', 'TS2322'],
  ];

  test.each(BAD)('in %s: %s', async (project, source, code) => {
    expect(await compile(project, project.replace(/\/tsconfig.*/, ''), source)).toContain(code);
  });
});

describe('the compiler takes', () => {
  const GOOD: readonly [project: string, source: string][] = [
    ['src/core', "export { room } from '../protocol/room.ts';"],
    ['src/host', "export { room } from '../core/room.ts'; export const f = () => fetch('/');"],
    [
      'src/host/tsconfig.dom.json',
      "export { room } from '../core/room.ts'; export const f = () => indexedDB.databases();",
    ],
    [
      'sw',
      "export { room } from '../src/host/room.ts'; export const f = (scope: ServiceWorkerGlobalScope) => scope.clients;",
    ],
    ['src/page', "export { room } from '../protocol/room.ts'; export const f = (url: TrustedScriptURL) => url;"],
    [
      'src/ui',
      "import { LitElement } from 'lit'; import { property } from 'lit/decorators.js'; export class E extends LitElement { @property() name = ''; }",
    ],
    ['server', "export { room } from '../src/protocol/room.ts'; export { readFile } from 'node:fs/promises';"],
  ];

  test.each(GOOD)('in %s: %s', async (project, source) => {
    expect(await compile(project, project.replace(/\/tsconfig.*/, ''), source)).toEqual([]);
  });
});
