/**
 * Words and phrases that made readers stop, each with what to write in its place. They may not occur in code, comments,
 * messages, tests or documents.
 */
export const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  ...['hear', 'hears', 'heard', 'hearing'].map((word) => [word, 'receive, or listen'] as const),
  ...['tell', 'tells', 'told', 'telling'].map((word) => [word, 'send, report, notify or say'] as const),
  ...['mend', 'mends', 'mended', 'mending'].map((word) => [word, 'fix'] as const),
  ...['newcomer', 'newcomers'].map((word) => [word, 'waiting worker, or new reader'] as const),
  ...['nobody', 'somebody', 'whoever', 'whatever'].map((word) => [word, 'the name of the actor'] as const),
  ['anew', 'again'],
  ['thereby', 'so'],
  ['whereupon', 'then'],
  ['in office', 'active'],
  ['is asked', 'the actor that asks'],
  ['are asked', 'the actor that asks'],
  ['is given', 'the actor that gives'],
  ['are given', 'the actor that gives'],
]);

/** The words of a line in lower case. `onHeard` and `ON_HEARD` have two words each. */
const wordsOf = (line: string): string =>
  ` ${line
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[^A-Za-z]+/g, ' ')
    .toLowerCase()
    .trim()} `;

/** The unclear words and phrases of a line. */
export const unclearWords = (line: string): string[] => {
  const words = wordsOf(line);
  return [...REPLACEMENTS.keys()].filter((word) => words.includes(` ${word} `));
};
