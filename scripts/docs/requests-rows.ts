import { renderMarkup, type MarkupArrivals, type TableEngine } from './markup-rows.ts';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/schema/json.ts';

/** The result of one kind of request in a test. */
export type Row = {
  kind: string;
  /** One for each request that reached the server, in the order in which they ended. */
  server: readonly string[];
  caller: string;
};

export const TABLE_FILE = 'docs/reference/requests.md';
/** The tests write their rows here. */
export const SEEN_DIR = '.cache/requests';

type Section = { title: string; kinds: readonly string[] };

/** The kinds in the order of the document. A kind without a test is an error, and so is a tested kind outside this list. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'Made by script',
    kinds: [
      '`fetch`, GET',
      '`fetch`, POST with text',
      '`fetch`, POST with a form and a file',
      '`fetch`, HEAD',
      '`fetch` with `If-None-Match`',
      '`fetch` with `Range`',
      '`fetch` with a `Range` beyond the end',
      '`fetch` with `Authorization` and `DPoP` of its own',
      '`fetch`, `only-if-cached`',
      '`fetch`, `keepalive`',
      '`fetch`, `keepalive`, and the page goes away',
      '`navigator.sendBeacon`',
      '`fetch`, `no-cors`',
      '`fetch`, `credentials: "omit"`',
      '`XMLHttpRequest`, GET',
      '`XMLHttpRequest`, synchronous',
      '`XMLHttpRequest`, POST of 1 MiB',
      '`EventSource`',
      'a download read as a stream',
      'an upload from a stream, HTTP/1.1',
      'an upload from a stream, HTTP/2',
      'a server error',
      'signed out',
    ],
  },
  {
    title: 'The token is refused once',
    kinds: [
      'GET',
      'POST with text',
      'POST with a form and a file',
      'POST of 1 MiB',
      'POST from a stream, HTTP/2',
      '`sendBeacon`',
      '`EventSource` ',
    ],
  },
  {
    title: 'Made by markup and navigation',
    kinds: [
      '`<img>`',
      'a background image',
      '`<audio>`, and a seek',
      '`<video>`',
      '`<track>`',
      '`<img>` outside the declared paths',
      '`<script>`',
      '`<a download>`',
      'a navigation',
      'a form that is posted',
    ],
  },
  {
    title: 'Redirects',
    kinds: [
      'to another path',
      'of a POST (307)',
      'to another origin',
      '`redirect: "manual"`',
      '`redirect: "error"`',
      'of a declared path',
      'of a declared path, `<img>`',
      'of a declared path, to another origin',
    ],
  },
  {
    title: 'When a worker is not running, dies, or a page aborts',
    kinds: [
      'the worker is not running: `fetch`',
      'the worker is not running: `<img>`',
      'the worker is not running: a navigation',
      'the worker dies under a GET',
      'the worker dies under a POST of plain `fetch`',
      'the worker dies under a POST of `keeper.fetch`',
      'the worker dies under the answer’s body',
      'aborted before the headers, plain `fetch`',
      'aborted before the headers, `keeper.fetch`',
      'aborted after the headers',
    ],
  },
  {
    title: 'Under `Cross-Origin-Embedder-Policy: require-corp`',
    kinds: ['`fetch` ', '`<img>` ', 'the worker’s own answer'],
  },
  {
    title: '`keeper.upload` and `keeper.download`',
    kinds: [
      'an upload of 100 MB',
      'an upload; the worker is killed in the middle',
      'an upload; the network is lost in the middle',
      'an upload; the server loses an answer',
      'an upload that is aborted',
      'an upload in one request',
      'a download by link',
      'a download where there are no links',
    ],
  },
];

export const KINDS: readonly string[] = SECTIONS.flatMap(({ kinds }) => kinds);

export const parseRow = (text: string): Row | undefined => {
  const value = parseJson(text);
  const server = isObject(value) ? own(value, 'server') : undefined;
  const kind = isObject(value) ? stringAt(value, 'kind') : undefined;
  const caller = isObject(value) ? stringAt(value, 'caller') : undefined;
  if (kind === undefined || caller === undefined || !Array.isArray(server)) return undefined;
  return { kind, caller, server: (server as unknown[]).filter((hit) => typeof hit === 'string') };
};

/** The file name of a kind, with only those characters that every file system allows. */
export const fileOf = (kind: string): string => `${KINDS.indexOf(kind)}.json`;

export const lineOf = ({ kind, server, caller }: Row): string =>
  `| ${kind.trim()} | ${server.join('<br>') || 'nothing'} | ${caller} |`;

const HEAD = `# What happens to each request

For every kind of request that a page can make: what reaches the server, and what the caller gets. The tests that saw it
write this file (\`npm run docs:requests\`), and each of them fails when it sees something else:
[test/browser/requests](../../test/browser/requests).

*token*: the worker added \`Bearer\` or \`DPoP\` (the first four sections were seen with both). *none*: the request arrived
without authorization. The status follows the arrow. *cut*: the other side left before the end of the response.
`;

export const renderTable = (rows: readonly Row[], arrivals: Readonly<Record<TableEngine, MarkupArrivals>>): string => {
  const known = new Map(rows.map((row) => [row.kind, row]));
  const sections = SECTIONS.map(({ title, kinds }) => {
    const lines = kinds.map((kind) => {
      const row = known.get(kind);
      if (!row) throw new Error(`No test has seen: ${kind}. Add a test that sends it, or remove it from SECTIONS.`);
      return lineOf(row);
    });
    return `\n## ${title}\n\n| Request | Reaches the server | The caller gets |\n|---|---|---|\n${lines.join('\n')}\n`;
  });
  return HEAD + sections.join('') + renderMarkup(arrivals);
};
