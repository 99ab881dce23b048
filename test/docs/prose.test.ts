import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** Without the API reference: it is generated from doc comments. */
const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'examples/tauri/README.md',
  ...readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md') && path !== 'docs/reference/api.md'),
];

const MAX_WORDS = 25;

/** Words that hide who does what, or that no one uses any more (CONTRIBUTING.md, "Style"). */
const BANNED =
  /\b(?:hears?|heard|nobody|somebody|whoever|whatever|anew|mends?|mended|newcomers?|in office|thereby|tells?|told|(?:is|are) (?:asked|given))\b/gi;

type Passage = { line: number; text: string; isTable: boolean };

/** Paragraphs, list items and rows of tables, without code and without the targets of links. */
const passagesIn = (markdown: string): readonly Passage[] => {
  const passages: Passage[] = [];
  let current: Passage | undefined;
  const plain = markdown
    .replace(/^ *```[\s\S]*?^ *```/gm, (code) => code.replace(/[^\n]/g, ''))
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`[^`\n]*`/g, 'code');
  for (const [index, text] of plain.split('\n').entries()) {
    const isTable = text.startsWith('|');
    const isItem = /^\s*(?:[-*]|\d+\.)\s/.test(text);
    if (text.trim() === '' || text.startsWith('#')) current = undefined;
    else if (current && !isTable && !isItem) current.text += ` ${text.trim()}`;
    else passages.push((current = { line: index + 1, text: text.trim(), isTable }));
    if (isTable) current = undefined;
  }
  return passages;
};

const sentencesIn = (text: string): readonly string[] => text.split(/(?<=[.!?:;][)"”*]*)\s+/);
const wordsIn = (text: string): number => (text.match(/[\p{L}\p{N}][\p{L}\p{N}'’.,/@+-]*/gu) ?? []).length;

const longIn = (markdown: string): readonly string[] =>
  passagesIn(markdown)
    .filter(({ isTable }) => !isTable)
    .flatMap(({ line, text }) => sentencesIn(text).map((sentence) => ({ line, sentence })))
    .filter(({ sentence }) => wordsIn(sentence) > MAX_WORDS)
    .map(({ line, sentence }) => `${line}: ${sentence}`);

const bannedIn = (markdown: string): readonly string[] =>
  passagesIn(markdown).flatMap(({ line, text }) => [...text.matchAll(BANNED)].map(([word]) => `${line}: ${word}`));

test.each(PAGES)('%s has short sentences and plain words', (page) => {
  const markdown = readFileSync(new URL(page, ROOT), 'utf8');
  expect(longIn(markdown)).toEqual([]);
  expect(bannedIn(markdown)).toEqual([]);
});

test('the README is short', () => {
  expect(readFileSync(new URL('README.md', ROOT), 'utf8').split(/\s+/).length).toBeLessThanOrEqual(620);
});

test('notices a long sentence and a banned word', () => {
  const long = `${'word '.repeat(MAX_WORDS)}end.`;
  expect(longIn(`# Title\n\nShort.\n${long}`)).toEqual([`3: ${long}`]);
  expect(longIn(`| ${long} |\n\n\`\`\`\n${long}\n\`\`\``)).toEqual([]);
  expect(bannedIn('- The page tells `anew` it.')).toEqual(['1: tells']);
});
