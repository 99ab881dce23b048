import { startCostOf, workerNotes, workerNotesScript, type StartCost } from '../../../bench/compare/marks/notes.ts';
import { startSites } from '../../../bench/compare/site.ts';
import { createStage, type Stage } from '../../../bench/compare/stage.ts';
import { SUBJECTS } from '../../../bench/compare/subjects.ts';
import { WHOAMI } from '../../../bench/compare/subjects/page.ts';
import { startBareBrowser } from '../../support/browser/bare-browser.ts';
import { expect, test } from '../../support/e2e.ts';

/**
 * What a worker does from its start until it sends the first request. Times differ between computers, and these numbers
 * do not. `npm run bench -- cold --marks` shows each of these steps, with its time.
 *
 * A lower number is progress: write it down here. A higher one makes each first request slower, so it needs a reason.
 */
const COSTS: Readonly<Record<string, StartCost>> = {
  /** Reads one record and its key in one transaction, and decrypts it. */
  minimal: { parts: 0, transactions: 1, strict: 0, writes: 0, crypto: 1, locks: 0, requests: 0, rounds: 3 },
  /** The same as the minimal worker does. */
  compatible: { parts: 0, transactions: 1, strict: 0, writes: 0, crypto: 1, locks: 0, requests: 0, rounds: 3 },
  /** Each request also has a signature, by a key from the disk. The parts with the host and the proofs come for it. */
  bound: { parts: 2, transactions: 1, strict: 0, writes: 0, crypto: 6, locks: 1, requests: 0, rounds: 9 },
  sealed: { parts: 0, transactions: 1, strict: 0, writes: 0, crypto: 3, locks: 0, requests: 0, rounds: 4 },
};

/** Of what races in a worker, the fewest count. */
const STARTS = 3;

const coldRequest = async (stage: Stage): Promise<StartCost> => {
  await stage.stopWorkers();
  expect(await stage.tab.evaluate('subject.request()')).toBe(200);
  return startCostOf(await workerNotes(stage), WHOAMI);
};

const fewest = (costs: readonly StartCost[]): StartCost =>
  costs.reduce((least, cost) => ({
    parts: Math.min(least.parts, cost.parts),
    transactions: Math.min(least.transactions, cost.transactions),
    strict: Math.min(least.strict, cost.strict),
    writes: Math.min(least.writes, cost.writes),
    crypto: Math.min(least.crypto, cost.crypto),
    locks: Math.min(least.locks, cost.locks),
    requests: Math.min(least.requests, cost.requests),
    rounds: Math.min(least.rounds, cost.rounds),
  }));

test('does no more than counted before a stopped worker sends its first request', async () => {
  const subjects = SUBJECTS.filter(({ name }) => name in COSTS);
  const sites = await startSites(subjects, await workerNotesScript());
  const browser = await startBareBrowser();
  try {
    const stage = await createStage(browser);
    for (const site of sites.all) {
      await stage.signIn(site);
      await stage.openIdle(site);
      const costs: StartCost[] = [];
      while (costs.length < STARTS) costs.push(await coldRequest(stage));
      expect.soft(fewest(costs), site.subject.name).toEqual(COSTS[site.subject.name]);
    }
  } finally {
    await browser.close();
    await sites.stop();
  }
});
