import { isObject, own, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';
import { literally } from './failure-line.ts';

/** The type of the annotation that a test gets when the browser itself crashes during its run. */
export const CRASH_ANNOTATION = 'browser-crash';

/** A test in whose run the browser crashed. `failed` says whether the test failed with it. */
export type CrashedTest = { file: string; title: string; project: string; what: string; failed: boolean };

const list = (value: JsonObject, key: string): readonly JsonObject[] => {
  const found = own(value, key);
  return Array.isArray(found) ? found.filter(isObject) : [];
};

const crashOf = (test: JsonObject): string | undefined => {
  const annotations = [
    ...list(test, 'annotations'),
    ...list(test, 'results').flatMap((run) => list(run, 'annotations')),
  ];
  const found = annotations.find((annotation) => stringAt(annotation, 'type') === CRASH_ANNOTATION);
  return found && (stringAt(found, 'description') ?? 'the browser crashed');
};

const inSpec = (spec: JsonObject, titles: readonly string[]): CrashedTest[] =>
  list(spec, 'tests').flatMap((test) => {
    const what = crashOf(test);
    if (what === undefined) return [];
    return {
      file: stringAt(spec, 'file') ?? '',
      title: [...titles, stringAt(spec, 'title') ?? ''].join(' '),
      project: stringAt(test, 'projectName') ?? '',
      what,
      failed: stringAt(test, 'status') !== 'expected',
    };
  });

/** A suite of depth 0 is a file, whose title is its path and no part of a test's title. */
const inSuite = (suite: JsonObject, titles: readonly string[], depth: number): CrashedTest[] => {
  const here = depth === 0 ? titles : [...titles, stringAt(suite, 'title') ?? ''];
  return [
    ...list(suite, 'specs').flatMap((spec) => inSpec(spec, here)),
    ...list(suite, 'suites').flatMap((inner) => inSuite(inner, here, depth + 1)),
  ];
};

/** The tests in whose run the browser crashed, from Playwright's JSON report. */
export const crashedTests = (report: JsonObject): CrashedTest[] =>
  list(report, 'suites').flatMap((suite) => inSuite(suite, [], 0));

/** Arguments of `playwright test` that run these tests, and no others. */
export const argumentsToRepeat = (tests: readonly CrashedTest[]): string[] => [
  ...new Set(tests.map(({ file }) => file)),
  ...new Set(tests.map(({ project }) => `--project=${project}`)),
  '--grep',
  // Playwright matches against the titles with the tags behind them.
  tests.map(({ title }) => `${literally(title)}( @|$)`).join('|'),
];
