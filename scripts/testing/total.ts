/** Prints the sum of both legs as the last line of a CI run. A leg without a result counts as one failure. */
import { join } from 'node:path';
import { numberAt } from '../../src/protocol/schema/json.ts';
import { totalOf } from './outcome.ts';
import { readReport, type Counts } from './reports.ts';
import { REPORTS } from './steps.ts';

const countsOf = async (leg: string): Promise<Counts> => {
  const result = await readReport(join(REPORTS, `leg-${leg}.json`));
  const [passed, failed] = [result && numberAt(result, 'passed'), result && numberAt(result, 'failed')];
  if (passed === undefined || failed === undefined) {
    console.error(`The leg "${leg}" left no result.`);
    return { passed: 0, failed: 1 };
  }
  return { passed, failed };
};

const { passed, failed } = totalOf([await countsOf('main'), await countsOf('rest')]);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
