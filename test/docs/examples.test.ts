import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  API_FILE,
  examplesIn,
  readReference,
  renderReference,
  withoutExample,
} from '../../scripts/docs/api-reference.ts';
import { SAMPLE_OPTIONS } from '../support/prose/sample-options.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
/** Inside the package, so that `session-keeper` resolves to its own entries (package.json, `exports`). */
const FOLDER = join(ROOT, '.cache', 'examples');

const reference = readReference(ROOT);

/**
 * Where the code of an entry runs: the globals differ, so each needs a compilation of its own. `given` declares what an
 * example may use without declaring it: the keeper, and functions of the reader's app.
 */
const PLACES: Readonly<Record<string, { lib: readonly string[]; types: readonly string[]; given: string }>> = {
  page: {
    lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    types: ['trusted-types', 'vite/client'],
    given: `
      declare const keeper: import('session-keeper').Keeper;
      declare const username: string, password: string, text: string, id: string;
      declare function show(data: unknown): void;
      declare function apply(data: unknown): void;
      declare function replace(data: unknown): void;
      declare function showProblem(problem: { code: string }, retryInMs: number): void;
      declare function render(...state: unknown[]): void;`,
  },
  worker: {
    lib: ['ES2023', 'WebWorker'],
    types: [],
    given: "declare const config: import('session-keeper/sw').KeepSessionOptions['config'];",
  },
  playwright: {
    lib: ['ES2023', 'DOM'],
    types: ['node'],
    given: `
      declare const page: import('@playwright/test').Page;
      declare const lab: import('session-keeper/playwright').Lab;
      declare const expect: typeof import('session-keeper/playwright').expect;`,
  },
  server: { lib: ['ES2023'], types: ['node'], given: 'declare const page: string;' },
};

/** `session-keeper/sw` is for workers, `/headers` and `/server` for servers, `session-keeper/playwright` for tests. */
const placeOf = (text: string): string => {
  if (text.includes('session-keeper/playwright')) return 'playwright';
  if (text.includes('session-keeper/sw')) return 'worker';
  return /session-keeper\/(headers|server)/.test(text) ? 'server' : 'page';
};

type Example = { name: string; place: string; code: string };

const apiExamples = examplesIn(reference).flatMap(({ specifier, name, code }): Example[] =>
  code.startsWith('<') ? [] : [{ name, place: placeOf(specifier), code }],
);

const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && join('docs', path) !== join('docs', 'reference', 'api.md'))
    .map((path) => join('docs', path)),
];

const pageExamples = PAGES.flatMap((page): Example[] =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => ({
    name: page,
    place: placeOf(code),
    code,
  })),
);

const examples = [...apiExamples, ...pageExamples];

/** Compiles what is in the folder of a place, and returns the errors. */
const compile = (place: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TSC, '-p', join(FOLDER, place), '--pretty', 'false'], { cwd: ROOT });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(output.split('\n').filter((line) => line.includes('error TS'))));
  });

const write = (place: string): void => {
  const { lib, types, given } = PLACES[place] ?? { lib: [], types: [], given: '' };
  mkdirSync(join(FOLDER, place), { recursive: true });
  const files = {
    'tsconfig.json': JSON.stringify({
      extends: '../../../tsconfig.base.json',
      compilerOptions: {
        lib,
        types,
        ...SAMPLE_OPTIONS,
      },
      include: ['*.ts', '../../../scripts/defines.d.ts'],
    }),
    'given.d.ts': given,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(FOLDER, place, name), text);
};

beforeAll(() => rmSync(FOLDER, { recursive: true, force: true }));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

test('every public function, class and method has an example', () => {
  expect(withoutExample(reference)).toEqual([]);
});

test('docs/reference/api.md is what `npm run docs:api` writes', () => {
  expect(readFileSync(API_FILE, 'utf8')).toBe(renderReference(reference));
});

test('each example in the API reference and in the documents compiles', async () => {
  for (const place of Object.keys(PLACES)) write(place);
  for (const [index, { place, code }] of examples.entries())
    writeFileSync(join(FOLDER, place, `example-${index}.ts`), `${code}\nexport {};\n`);
  const errors = (await Promise.all(Object.keys(PLACES).map(compile))).flat();
  const named = errors.map((line) => `${examples[Number(/example-(\d+)/.exec(line)?.[1])]?.name ?? ''} ${line}`);
  expect(named).toEqual([]);
  expect(apiExamples.length).toBeGreaterThanOrEqual(29);
  expect(pageExamples.length).toBeGreaterThanOrEqual(9);
});
