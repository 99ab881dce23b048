import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sentencesOfMarkdown, sentencesOfModule, wordCount, type Sentence } from '../support/prose/sentences.ts';
import { REPLACEMENTS, unclearWords } from '../support/prose/words.ts';

/* The language of the code and the documents (CONTRIBUTING.md, "Style"). A tired reader loses longer sentences. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['src', 'sw', 'server', 'lab', 'cli', 'scripts', 'bench', 'test', 'docs', '.github'];
const MAX_WORDS = 25;
const MAX_README_WORDS = 620;
const MAX_GLOSSARY = 40;
/** This file quotes what it forbids. */
const QUOTES = ['test/support/prose/words.ts', 'test/docs/prose.test.ts'];

const paths = [
  ...readdirSync(ROOT, { encoding: 'utf8' }),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  ),
]
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => /\.(ts|md)$/.test(path) && !QUOTES.includes(path) && path !== 'THIRD-PARTY-NOTICES.md');
const texts = new Map(paths.map((path) => [path, readFileSync(`${ROOT}/${path}`, 'utf8')]));

const sentencesOf = (path: string, source: string): Sentence[] =>
  path.endsWith('.md') ? sentencesOfMarkdown(source) : sentencesOfModule(path, source);

/** Each long sentence with its place. */
const longSentences = (path: string, source: string): string[] =>
  sentencesOf(path, source)
    .filter(({ text }) => wordCount(text) > MAX_WORDS)
    .map(({ line, text }) => `${path}:${line} ${wordCount(text)} words, at most ${MAX_WORDS}: ${text}`);

/** Each unclear word with its place and its replacement. */
const unclear = (path: string, source: string): string[] =>
  source.split('\n').flatMap((line, index) =>
    // Documents quote names of the past.
    unclearWords(path.endsWith('.md') ? line.replaceAll(/`[^`]*`/g, 'code') : line).map(
      (word) => `${path}:${index + 1} "${word}": write ${REPLACEMENTS.get(word)}`,
    ),
  );

test('uses no unclear word in code and documents', () => {
  expect([...texts].flatMap(([path, source]) => unclear(path, source))).toEqual([]);
});

test(`writes no sentence of more than ${MAX_WORDS} words`, () => {
  expect([...texts].flatMap(([path, source]) => longSentences(path, source))).toEqual([]);
});

test(`has a README of at most ${MAX_README_WORDS} words`, () => {
  expect((texts.get('README.md') ?? '').split(/\s+/).length).toBeLessThanOrEqual(MAX_README_WORDS);
});

test(`defines at most ${MAX_GLOSSARY} words in the glossary`, () => {
  const words = [...(texts.get('docs/glossary.md') ?? '').matchAll(/^\| \*\*/gm)].length;
  expect(words).toBeGreaterThan(0);
  expect(words).toBeLessThanOrEqual(MAX_GLOSSARY);
});

describe('each rule can fail', () => {
  test.each(['// The page hears it.', 'const onHeard = 1;', "const code = 'NOBODY_SAID';", 'the worker in office'])(
    'on an unclear word: %s',
    (line) => {
      expect(unclear('src/a.ts', line)).toHaveLength(1);
    },
  );

  test.each(['// The header of a recommendation.', 'const storytellers = 1;', 'an office'])(
    'and not on a part of a word: %s',
    (line) => {
      expect(unclear('src/a.ts', line)).toEqual([]);
    },
  );

  const words = (count: number): string => Array.from({ length: count }, () => 'Word').join(' ');

  test.each([
    ['src/a.ts', (text: string) => `// ${text}.`],
    ['src/a.ts', (text: string) => `/** Short. ${text}. */`],
    ['src/a.ts', (text: string) => `// ${text.slice(0, 60)}\n// ${text.slice(60)}`],
    ['docs/a.md', (text: string) => `# Title\n\n${text}.\n`],
    ['docs/a.md', (text: string) => `- one\n- ${text}\n`],
  ])('on a long sentence in %s', (path, write) => {
    expect(longSentences(path, write(words(MAX_WORDS)))).toEqual([]);
    expect(longSentences(path, write(words(MAX_WORDS + 1)))).toHaveLength(1);
  });
});
