import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A link of a document to a test: `[id](../test/file.ts)`. */
export type TestLink = { id: string; file: URL };

export const linksIn = (text: string, document: URL): readonly TestLink[] =>
  [...text.matchAll(/\[([^\]]+)\]\(([^)#]*\/test\/[^)]+|test\/[^)]+)\)/g)].map(([, id = '', path = '']) => ({
    id,
    file: new URL(path, document),
  }));

/** A title ends with its id, in square brackets after a space. */
const idsIn = (file: URL): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/ \[([a-z0-9]+(?:-[a-z0-9]+)+)\]['"`]/g)].map(([, id = '']) => id);

/** Whether the link leads to a file with a test, or a case of one, of that id. */
export const hasTest = ({ id, file }: TestLink): boolean => existsSync(file) && idsIn(file).includes(id);

/** The ids of all tests, with duplicates. */
export const allIds = (): readonly string[] => {
  const root = new URL('../', import.meta.url);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => idsIn(new URL(path, root)));
};
