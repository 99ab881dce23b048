import { existsSync, readFileSync } from 'node:fs';

/** A link of a document to a test: `[part of its title](../test/file.ts)`. */
export type TestLink = { title: string; file: URL };

export const linksIn = (text: string, document: URL): readonly TestLink[] =>
  [...text.matchAll(/\[([^\]]+)\]\(([^)#]*\/test\/[^)]+|test\/[^)]+)\)/g)].map(([, title = '', path = '']) => ({
    title: title.replaceAll('\\|', '|'),
    file: new URL(path, document),
  }));

/** Every string of the file: imports and comments are none. */
const stringsIn = (file: URL): readonly string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('import '))
    .flatMap((line) => [...line.matchAll(/(['"`])(.*)\1/g)].map(([, , text = '']) => text));

/** Whether the link leads to a file that has a test, or a case of one, of that title. */
export const isThere = ({ title, file }: TestLink): boolean =>
  existsSync(file) && stringsIn(file).some((text) => text.includes(title));
