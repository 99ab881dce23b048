import { parseSync } from 'rolldown/utils';

/** A sentence, and the line on which its comment or paragraph starts. */
export type Sentence = { line: number; text: string };

type Block = { start: number; end: number; text: string };

/** Comments of a module. Line comments on lines that follow each other are one block. */
const commentsOf = (path: string, source: string): Block[] => {
  const blocks: Block[] = [];
  for (const { type, value, start, end } of parseSync(path, source).comments) {
    const last = blocks.at(-1);
    const follows = type === 'Line' && last && /^\s*$/.test(source.slice(last.end, start));
    if (follows) Object.assign(last, { end, text: `${last.text}\n${value}` });
    else blocks.push({ start, end, text: value });
  }
  return blocks;
};

/** Text between blank lines, without code blocks and tables. */
const paragraphsOf = (markdown: string): Block[] => {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');
  const prose = markdown.replaceAll(/^( *)```[\s\S]*?^\1```/gm, blank).replaceAll(/^\|.*$/gm, blank);
  return [...prose.matchAll(/(?:.*\S.*\n?)+/g)].map(({ 0: text, index }) => ({
    start: index,
    end: index + text.length,
    text,
  }));
};

/** Examples, tags, links and code in a sentence count as one word or none. A line with columns is a sentence. */
const plain = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, ''))
    .join('\n')
    .replaceAll(/```[\s\S]*?```/g, '')
    .replace(/@example[\s\S]*?(?=\n@|$)/, '')
    .replaceAll(/^\|.*$/gm, '')
    .replaceAll(/^#+ .*$/gm, '\n')
    .replaceAll(/^.*\S {2,}\S.*$/gm, '\n$&\n')
    .replaceAll(/^@\w+( \{[^}]*\})?/gm, '\n')
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/https?:[^\s)]+/g, 'link')
    .replaceAll(/`[^`]*`/g, 'code');

/** A full stop, a colon, a semicolon, a blank line or a list item ends a sentence. */
const split = (source: string, blocks: readonly Block[]): Sentence[] =>
  blocks.flatMap(({ start, text }) =>
    plain(text)
      .split(/(?<=[.!?:;][)"'*]*)\s+|\n\s*\n|\n\s*(?:[-*]|\d+\.) /)
      .map((sentence) => sentence.replaceAll(/\s+/g, ' ').trim())
      .filter((sentence) => /\w/.test(sentence))
      .map((sentence) => ({ line: source.slice(0, start).split('\n').length, text: sentence })),
  );

export const sentencesOfModule = (path: string, source: string): Sentence[] => split(source, commentsOf(path, source));

export const sentencesOfMarkdown = (source: string): Sentence[] => split(source, paragraphsOf(source));

export const wordCount = (sentence: string): number =>
  sentence.split(' ').filter((word) => /[\p{L}\d]/u.test(word)).length;
