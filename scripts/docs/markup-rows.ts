import { isObject, parseJson } from '../../src/protocol/schema/json.ts';

/** The engines of `npm run test:engines`, in the order of the table's columns. */
export const ENGINE_NAMES = ['chromium', 'firefox', 'webkit'] as const;
export type TableEngine = (typeof ENGINE_NAMES)[number];

const TITLES: Record<TableEngine, string> = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKit' };

/** How a request arrives at the server. `nothing`: this engine sends none. */
export type MarkupArrival = 'token' | 'none' | 'nothing';

/** What one engine does with each kind of request. */
export type MarkupArrivals = Readonly<Record<string, MarkupArrival>>;

/** Markup and styles that make requests, and three calls of script. test/support/sites/markup.ts has the code of each. */
export const MARKUP_KINDS = [
  '`<a ping>`, clicked',
  '`<link rel="prefetch">`',
  '`<link rel="prefetch" as="fetch">`',
  '`<link rel="prefetch" crossorigin>`',
  '`<link rel="preload" as="fetch">`',
  '`<link rel="preload" as="fetch" crossorigin>`',
  '`<link rel="preload" as="image">`',
  '`<link rel="modulepreload">`',
  '`<link rel="stylesheet">`',
  '`<link rel="icon">`',
  '`<link rel="manifest">`',
  '`<link rel="compression-dictionary">`',
  '`<script type="speculationrules">`, prefetch',
  '`<script type="module">`',
  '`import` of a module script',
  '`import` of JSON in a module script',
  '`<input type="image">`',
  '`<img srcset>`',
  '`<img attributionsrc>`',
  '`<video poster>`',
  '`<source>` of a sound',
  '`<iframe>`',
  '`<object>`',
  '`<embed>`',
  '`<image>` of SVG',
  '`<use>` of SVG',
  '`<feImage>` of SVG',
  '`@import` of CSS',
  'a font of CSS',
  'a list mark of CSS',
  'a mask of CSS',
  'a shape of CSS',
  'a filter of CSS',
  '`fetch` of script',
  '`fetch` with `keepalive` of script',
  '`EventSource` of script',
  '`navigator.sendBeacon` of script',
] as const;
export type MarkupKind = (typeof MARKUP_KINDS)[number];

export const MARKUP_TITLE = 'Markup, in three engines';

const isArrival = (text: string): text is MarkupArrival => text === 'token' || text === 'none' || text === 'nothing';

/** What a test noted of one engine. */
export const parseArrivals = (text: string): MarkupArrivals => {
  const value = parseJson(text);
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, MarkupArrival] => typeof entry[1] === 'string' && isArrival(entry[1])),
  );
};

/** What the document says of one engine. */
export const arrivalsIn = (document: string, engine: TableEngine): MarkupArrivals => {
  const section = document.slice(document.indexOf(`## ${MARKUP_TITLE}`));
  const column = ENGINE_NAMES.indexOf(engine);
  return Object.fromEntries(
    [...section.matchAll(/^\| (.+?) \| (\w+) \| (\w+) \| (\w+) \|$/gm)].flatMap(([, kind = '', ...cells]) => {
      const cell = cells[column] ?? '';
      return isArrival(cell) ? [[kind, cell]] : [];
    }),
  );
};

export const renderMarkup = (seen: Readonly<Record<TableEngine, MarkupArrivals>>): string => {
  const rows = MARKUP_KINDS.map((kind) => {
    const cells = ENGINE_NAMES.map((engine) => {
      const arrival = seen[engine][kind];
      if (arrival === undefined) throw new Error(`No test has seen in ${engine}: ${kind}. Run npm run docs:requests.`);
      return arrival;
    });
    return `| ${kind} | ${cells.join(' | ')} |`;
  });
  return `
## ${MARKUP_TITLE}

Markup without script must not act for a user. What no script made goes out without authorization, except links with
\`crossorigin\` that no worker can distinguish from a \`fetch\`: a preload for it, and in Firefox a prefetch and a dictionary.
Each of them is a GET, and only script of this origin can read its answer. *nothing*: this engine sends no such request, or not through a worker.

| Request for a path of \`config.api\` | ${ENGINE_NAMES.map((engine) => TITLES[engine]).join(' | ')} |
|---|---|---|---|
${rows.join('\n')}
`;
};
