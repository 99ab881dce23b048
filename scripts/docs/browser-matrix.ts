/**
 * The matrix of browsers in `docs/reference/browsers.md`, from the report of `npm run test:engines` or from those that are
 * named. Of two results of one story in one engine, the later one counts. `npm run docs:browsers` writes the matrix. With
 * `--check` it fails when a story of the report is not in the matrix, or the matrix claims too much.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';

const [DEFAULT_REPORT, CHECK] = ['.cache/reports/engines.json', '--check'];
const PAGE = 'docs/reference/browsers.md';
const [BEGIN, END] = ['<!-- matrix -->', '<!-- end of the matrix -->'];
const COLUMNS = [
  { engine: 'chromium', title: 'Chromium' },
  { engine: 'firefox', title: 'Firefox' },
  { engine: 'webkit', title: 'WebKitGTK' },
] as const;

/** The result of one story in one engine. */
type Result = { story: string; engine: string; passed: boolean; version: string | undefined };

const listAt = (value: JsonObject, key: string): readonly JsonObject[] => {
  const list = own(value, key);
  return Array.isArray(list) ? list.filter(isObject) : [];
};

const resultsOf = (suite: JsonObject): readonly Result[] => [
  ...listAt(suite, 'suites').flatMap(resultsOf),
  ...listAt(suite, 'specs').flatMap((spec) =>
    listAt(spec, 'tests').map((test) => ({
      story: stringAt(spec, 'title') ?? '',
      engine: stringAt(test, 'projectName') ?? '',
      passed: stringAt(test, 'status') === 'expected',
      version: listAt(test, 'annotations').flatMap((each) => stringAt(each, 'description') ?? [])[0],
    })),
  ),
];

const cellOf = (results: readonly Result[], story: string, engine: string): string => {
  const result = results.find((each) => each.story === story && each.engine === engine);
  if (!result) return 'not run';
  return result.passed ? 'holds' : 'fails';
};

const tableOf = (results: readonly Result[]): string => {
  const head = COLUMNS.map(({ engine, title }) => {
    const version = results.find((each) => each.engine === engine && each.version !== undefined)?.version;
    return version === undefined ? title : `${title} ${version}`;
  });
  const stories = [...new Set(results.map(({ story }) => story))];
  const rows = stories.map((story) => [story, ...COLUMNS.map(({ engine }) => cellOf(results, story, engine))]);
  return [['Story', ...head], ['---', ...head.map(() => '---')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
};

const readResults = async (path: string): Promise<readonly Result[]> => {
  const report = parseJson(await readFile(path, 'utf8').catch(() => ''));
  if (!isObject(report)) throw new Error(`${path} is not there. Run npm run test:engines first.`);
  return resultsOf(report);
};

const named = process.argv.slice(2).filter((argument) => argument !== CHECK);
const all = (await Promise.all((named.length > 0 ? named : [DEFAULT_REPORT]).map(readResults))).flat();
const results = [...new Map(all.map((each) => [`${each.engine} ${each.story}`, each])).values()];
const page = await readFile(PAGE, 'utf8');
const [before, after] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];

if (process.argv.includes(CHECK)) {
  const rows = page.slice(before, after).split('\n');
  const stale = results.filter(({ story, engine, passed }) => {
    const column = COLUMNS.findIndex((each) => each.engine === engine) + 2;
    const cells = rows.find((row) => row.startsWith(`| ${story} |`))?.split(' | ') ?? [];
    return cells[column - 1]?.replace(' |', '') !== (passed ? 'holds' : 'fails');
  });
  for (const { story, engine } of stale)
    console.error(`${PAGE} is out of date for "${story}" in ${engine}. Run npm run docs:browsers.`);
  process.exitCode = results.length === 0 || stale.length > 0 ? 1 : 0;
} else await writeFile(PAGE, `${page.slice(0, before)}\n\n${tableOf(results)}\n\n${page.slice(after)}`);
