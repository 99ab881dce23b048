import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { list, record } from '../../src/protocol/schema/schema-types.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import { fingerprintOf } from '../build/fingerprint.ts';
import { machineName, markdownTable, writeFigures } from '../docs/figures.ts';
import { FOLDER, installStryker, mutate, type Score } from './stryker.ts';

/*
 * `npm run mutate`: changes the core, one place at a time, and counts the changes that no test notices. The whole core takes
 * hours, so the score of each file is kept, and the next run goes on after it: until a source or a test of the core changes.
 * `--files a,b` chooses files, `--docs` writes the table into the documents. The places that no test noticed are in
 * `.cache/stryker/scores.json`.
 */

const CORE = 'src/core';
/** In percent. */
const LEAST = 90;
const KEPT = join(FOLDER, 'scores.json');
const SCORES = object({ sources: string, files: record(object({ noticed: number, survivors: list(string) })) });

const { values } = parseArgs({
  options: { files: { type: 'string' }, docs: { type: 'boolean', default: false } },
});

const filesOfCore = async (): Promise<readonly string[]> => {
  const entries = await readdir(CORE, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
};

/** Scores of an earlier run on the same sources and tests. */
const keptScores = async (sources: string): Promise<Record<string, Score>> => {
  const kept = SCORES.read(parseJson(await readFile(KEPT, 'utf8').catch(() => '')));
  return kept?.sources === sources ? { ...kept.files } : {};
};

type Counts = { noticed: number; survived: number };
const percentOf = ({ noticed, survived }: Counts): number => (100 * noticed) / Math.max(1, noticed + survived);

await installStryker();
const sources = await fingerprintOf(
  process.cwd(),
  [CORE, 'test/core', 'test/host', 'test/providers', 'test/causes', 'test/support'],
  ['scripts/mutation/stryker.ts', 'scripts/mutation/tests.ts'],
);
const scores = await keptScores(sources);
const files = values.files?.split(',') ?? (await filesOfCore());
for (const [at, file] of files.entries()) {
  if (scores[file]) continue;
  console.log(`${at + 1} of ${files.length}: ${file}`);
  scores[file] = await mutate(file);
  await writeFile(KEPT, JSON.stringify({ sources, files: scores }));
}
const played = files.map((file) => ({
  file,
  noticed: scores[file]?.noticed ?? 0,
  survived: scores[file]?.survivors.length ?? 0,
}));
const sum = (key: 'noticed' | 'survived'): number => played.reduce((all, each) => all + each[key], 0);
const total = { file: '**all**', noticed: sum('noticed'), survived: sum('survived') };
const rows = [...played, total].map((score) => [
  score.file,
  String(score.noticed),
  String(score.survived),
  `${percentOf(score).toFixed(1)} %`,
]);
const table = markdownTable([['file', 'noticed', 'survived', 'score'], ...rows]);
console.log(`${machineName()}\n${table}`);
if (values.docs) await writeFigures({ name: 'mutants', command: 'npm run mutate', body: table });
process.exitCode = percentOf(total) >= LEAST ? 0 : 1;
