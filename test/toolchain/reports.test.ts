import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { playwrightCounts, vitestCounts } from '../../scripts/testing/reports.ts';
import { createFixture, type Fixture } from '../support/fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture({});
});
afterAll(() => fixture.remove());

const report = async (content: unknown): Promise<string> => {
  await fixture.write('report.json', typeof content === 'string' ? content : JSON.stringify(content));
  return join(fixture.root, 'report.json');
};

describe('the counts of a vitest run', () => {
  const vitest = async (passed: number, failed: number, skipped: number, exitCode: number) =>
    vitestCounts(
      await report({ numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: 0 }),
      exitCode,
    );

  test('match the report of the run', async () => {
    expect(await vitest(7, 0, 0, 0)).toEqual({ passed: 7, failed: 0 });
    expect(await vitest(7, 2, 0, 1)).toEqual({ passed: 7, failed: 2 });
  });

  test('count a skipped test as failed', async () => {
    expect(await vitest(7, 0, 1, 0)).toEqual({ passed: 7, failed: 1 });
  });

  test('contain a failure when no test ran, when the runner failed, or without a report', async () => {
    expect(await vitest(0, 0, 0, 0)).toMatchObject({ failed: 1, notes: ['no tests ran'] });
    expect(await vitest(7, 0, 0, 1)).toMatchObject({ passed: 7, failed: 1 });
    expect(await vitestCounts(await report('{"numPass'), 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(await vitestCounts(join(fixture.root, 'none.json'), 0)).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('the counts of a Playwright run', () => {
  const playwright = async (stats: Record<string, number>, exitCode: number) =>
    playwrightCounts(await report({ stats }), exitCode);

  test('match the report of the run, with flaky and skipped among the failed', async () => {
    expect(await playwright({ expected: 5 }, 0)).toEqual({ passed: 5, failed: 0 });
    expect(await playwright({ expected: 5, unexpected: 1, flaky: 1, skipped: 1 }, 1)).toEqual({ passed: 5, failed: 3 });
  });

  test('contain a failure when no test ran or the runner failed', async () => {
    expect(await playwright({ expected: 0 }, 1)).toMatchObject({ failed: 1 });
    expect(await playwright({ expected: 5 }, 1)).toMatchObject({ passed: 5, failed: 1 });
    expect(await playwrightCounts(await report({}), 0)).toMatchObject({ passed: 0, failed: 1 });
  });
});
