import { expect, test } from 'vitest';
import { findShortestLoss, wildSteps } from '../../lab/minimise/minimise.ts';
import type { ScenarioResult } from '../../lab/results/result.ts';
import { readScenario, type LabScenario, type LabStep } from '../../lab/scenarios/scenario.ts';

const resultOf = ({ id, title, category, why }: LabScenario, isLost: boolean): ScenarioResult => ({
  ...{ id, title, category, why },
  verdict: isLost ? 'lost' : 'kept',
  summary: '',
  seed: 1,
  ms: 1,
  timeline: [],
  declared: [],
});

/** A site that loses its session when the access token expires at any time after a kill of the worker. */
const fragile = (scenario: LabScenario): Promise<ScenarioResult> => {
  const types = scenario.steps.map(({ type }) => type);
  const killed = types.indexOf('kill-worker');
  return Promise.resolve(resultOf(scenario, killed >= 0 && types.lastIndexOf('expire-access') > killed));
};
const sound = (scenario: LabScenario): Promise<ScenarioResult> => Promise.resolve(resultOf(scenario, false));

const find = (run: typeof fragile, seed = 5) =>
  findShortestLoss({ seed, rounds: 400, maxSteps: 8, limitMs: 20_000, run });

test('shrinks a loss to the shortest sequence, which replays from its file', async () => {
  const found = await find(fragile);
  if (found.type !== 'found') throw new Error('It found no loss.');
  expect(found.scenario.steps).toEqual([{ type: 'kill-worker' }, { type: 'expire-access' }]);
  expect(found.isConfirmed).toBe(true);
  const read = readScenario(JSON.parse(JSON.stringify(found.scenario)));
  expect(read).toEqual(found.scenario);
});

test('drops a last step that the loss does not need', async () => {
  const cutAnywhere = (scenario: LabScenario): Promise<ScenarioResult> =>
    Promise.resolve(
      resultOf(
        scenario,
        scenario.steps.some(({ type }) => type === 'cut'),
      ),
    );
  expect(await find(cutAnywhere, 3)).toMatchObject({ type: 'found', scenario: { steps: [{ type: 'cut' }] } });
});

test('tries the same sequences for the same seed', async () => {
  const tried = async (seed: number): Promise<string[]> => {
    const all: string[] = [];
    const onTry = (_: number, steps: readonly LabStep[]): void => void all.push(JSON.stringify(steps));
    await findShortestLoss({ seed, rounds: 5, maxSteps: 4, limitMs: 5_000, run: sound, onTry });
    return all;
  };
  expect(await tried(1)).toEqual(await tried(1));
  expect(await tried(1)).not.toEqual(await tried(2));
});

test('finds nothing at a site that keeps everything', async () => {
  const found = await find(sound);
  expect(found.type).toBe('none');
  expect(found.tried).toBeGreaterThan(100);
});

test('says when a loss does not come again', async () => {
  let runs = 0;
  const once = (scenario: LabScenario): Promise<ScenarioResult> => {
    runs += 1;
    return Promise.resolve(resultOf(scenario, runs === 3));
  };
  expect(await find(once)).toMatchObject({ type: 'found', isConfirmed: false });
});

test('leaves out steps that end the session on purpose', () => {
  const types = new Set(wildSteps().map(({ type }) => type));
  expect(types).not.toContain('revoke');
  expect(types.size).toBeGreaterThan(15);
});
