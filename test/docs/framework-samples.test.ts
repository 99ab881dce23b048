import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileScript, parse as parseVue } from 'vue/compiler-sfc';
import { compile, parse as parseSvelte } from 'svelte/compiler';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SAMPLE_OPTIONS } from '../support/prose/sample-options.ts';

/* Samples in JSX, Vue and Svelte. examples.test.ts compiles those in TypeScript. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
/** Inside the package, so that `session-keeper` resolves to its own entries. */
const FOLDER = join(ROOT, '.cache', 'framework-samples');

type Language = 'tsx' | 'vue' | 'svelte';
type Sample = { language: Language; code: string };

/** The samples of the quick starts name a file: samples.test.ts compares them with the sites that a test builds. */
const blocksIn = (text: string): readonly Sample[] =>
  [...text.matchAll(/^```(jsx|tsx|vue|svelte)\n([\s\S]*?)^```/gm)].map(([, language = '', code = '']) => ({
    language: language === 'vue' || language === 'svelte' ? language : 'tsx',
    code,
  }));

const VUE_NAMES = ['SignedIn', 'SignedOut', 'SessionGate'];
const REACT_NAMES = ['KeeperProvider', ...VUE_NAMES];

const importsOf = (names: readonly string[], framework: string): string =>
  `import { ${names.join(', ')} } from 'session-keeper/${framework}';\nimport { App, Settings, SignInForm } from './parts';`;

/** Markup in the comment of an example in TypeScript, by what stands before it. */
const LINES: readonly { place: RegExp; language: Language; whole(markup: string): string }[] = [
  {
    place: /\/\/ In JSX: (<.*>)$/gm,
    language: 'tsx',
    whole: (markup) =>
      `${importsOf(REACT_NAMES, 'react')}\nexport const sample = ${markup};\nexport { App, Settings };\n`,
  },
  {
    place: /\/\/ In a template: (<.*>)$/gm,
    language: 'vue',
    whole: (markup) =>
      `<script setup lang="ts">\n${importsOf(VUE_NAMES, 'vue')}\n</script>\n<template>${markup}</template>\n`,
  },
  {
    place: /^(const (?:session|access) = .*; \/\/ \{#if .*\{\/if\})$/gm,
    language: 'svelte',
    whole: (line) => {
      const [statement = '', markup = ''] = line.split(' // ');
      const imports = "import { useAccess, useSession } from 'session-keeper/svelte';";
      return `<script lang="ts">\n${imports}\n${statement}\n</script>\n${markup}\n`;
    },
  },
];

const linesIn = (text: string): readonly Sample[] =>
  LINES.flatMap(({ place, language, whole }) =>
    [...text.matchAll(place)].map(([, markup = '']) => ({ language, code: whole(markup) })),
  );

/** A module for the compiler of TypeScript, or what the framework's compiler says against the sample. */
type Compiled = { files: Readonly<Record<string, string>>; problems: readonly string[] };

/** In a template, Vue reads a name that the script does not have from the component, and a component from the app. */
const UNKNOWN_IN_VUE = /_ctx\.[A-Za-z]\w*|_resolveComponent\("[^"]+"\)/g;

const compileVue = (code: string): Compiled => {
  const { descriptor, errors } = parseVue(code);
  if (errors.length > 0) return { files: {}, problems: errors.map(({ message }) => message) };
  const { content } = compileScript(descriptor, { id: 'sample', inlineTemplate: true });
  return {
    files: { 'vue.ts': content },
    problems: [...content.matchAll(UNKNOWN_IN_VUE)].map(([name]) => `unknown in the template: ${name}`),
  };
};

/** The script has types. What the compiler makes of the whole component shows names that the markup has and no one gives. */
const compileSvelte = (code: string): Compiled => {
  const { instance } = parseSvelte(code, { modern: true });
  const script = instance?.content as { start: number; end: number } | undefined;
  const { js, warnings } = compile(code, { generate: 'client', filename: 'Sample.svelte' });
  return {
    files: { 'svelte.ts': `${code.slice(script?.start, script?.end)}\nexport {};\n`, 'svelte-markup.js': js.code },
    problems: warnings.map(({ message }) => message),
  };
};

const compileSample = ({ language, code }: Sample): Compiled => {
  try {
    if (language === 'vue') return compileVue(code);
    return language === 'svelte' ? compileSvelte(code) : { files: { 'tsx.tsx': code }, problems: [] };
  } catch (error) {
    return { files: {}, problems: [error instanceof Error ? error.message : String(error)] };
  }
};

const PARTS = ['App', 'Settings', 'SignInForm', 'Spinner'];
/** Components of the reader's app, in each framework. */
const PART_TYPES: Readonly<Record<Language, string>> = {
  tsx: '() => import("react").ReactNode',
  vue: 'import("vue").DefineComponent',
  svelte: 'import("svelte").Component',
};

const OPTIONS = {
  lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
  types: ['trusted-types', 'vite/client'],
  jsx: 'react-jsx',
  ...SAMPLE_OPTIONS,
};

/** Of compiled markup, only the names count: what Svelte's compiler writes has no types. */
const isAboutNames = (line: string): boolean => /error TS(?:2304|2305|2307|2552|2724):/.test(line);

const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(FOLDER, path)), { recursive: true });
  writeFileSync(join(FOLDER, path), text);
};

const checkTypes = (): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TSC, '-p', FOLDER, '--pretty', 'false'], { cwd: ROOT });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', reject);
    child.once('close', () =>
      resolve(
        output
          .split('\n')
          .filter((line) => line.includes('error TS') && (!line.includes('svelte-markup.js') || isAboutNames(line))),
      ),
    );
  });

/** What is wrong with the samples, each line with the number of its sample. */
const problemsOf = async (samples: readonly Sample[]): Promise<readonly string[]> => {
  put(
    'tsconfig.json',
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: { ...OPTIONS, allowJs: true, checkJs: true },
      include: ['*/*', '../../scripts/defines.d.ts'],
    }),
  );
  for (const [language, type] of Object.entries(PART_TYPES))
    put(`${language}/parts.d.ts`, PARTS.map((name) => `export const ${name}: ${type};\n`).join(''));
  const compiled = samples.map(compileSample);
  for (const [index, { files }] of compiled.entries())
    for (const [name, text] of Object.entries(files))
      put(`${samples[index]?.language ?? ''}/sample-${index}-${name}`, text);
  const own = compiled.flatMap(({ problems }, index) => problems.map((problem) => `sample-${index}: ${problem}`));
  return [...own, ...(await checkTypes())];
};

const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })]
  .filter((path) => path.endsWith('.md'))
  .map((path) => (path === 'README.md' ? path : join('docs', path)));

const samples = PAGES.flatMap((page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...blocksIn(text), ...linesIn(text)].map((sample) => ({ ...sample, page }));
});

/** A prop, names in templates, names of modules, and syntax. */
const WRONG: readonly Sample[] = [
  {
    language: 'tsx',
    code: 'import { SignedIn } from \'session-keeper/react\';\nexport const a = <SignedIn rule="a" />;\n',
  },
  { language: 'vue', code: '<script setup lang="ts">\n</script>\n<template><Gone /></template>\n' },
  { language: 'vue', code: '<script setup lang="ts">\n</script>\n<template>{{ gone }}</template>\n' },
  { language: 'vue', code: '<script setup lang="ts">\n</script>\n<template><p></template>\n' },
  { language: 'svelte', code: '<script lang="ts">\n</script>\n<p>{gone}</p>\n' },
  {
    language: 'svelte',
    code: '<script lang="ts">\nimport { useGone } from \'session-keeper/svelte\';\nuseGone();\n</script>\n',
  },
  { language: 'svelte', code: '{#if true}\n' },
];

let problems: readonly { index: number; line: string }[];
// The compiler takes a second to start, so it checks right and wrong samples in one run.
beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  const lines = await problemsOf([...samples, ...WRONG]);
  problems = lines.map((line) => ({ index: Number(/sample-(\d+)/.exec(line)?.[1]), line }));
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

test('each sample in JSX, Vue and Svelte compiles', () => {
  const found = problems.filter(({ index }) => !(index >= samples.length));
  expect(found.map(({ index, line }) => `${samples[index]?.page ?? ''} ${line}`)).toEqual([]);
  for (const language of ['tsx', 'vue', 'svelte'])
    expect(samples.filter((sample) => sample.language === language).length).toBeGreaterThanOrEqual(2);
});

test.each(WRONG.map(({ code }, index) => ({ code, index })))('notices what is wrong with $code', ({ index }) => {
  expect(problems.map((problem) => problem.index)).toContain(samples.length + index);
});
