import fc from 'fast-check';
import type { ScenarioResult } from '../results/result.ts';
import { ALL_SCENARIOS } from '../scenarios/all-scenarios.ts';
import { readScenario, type LabScenario, type LabStep } from '../scenarios/scenario.ts';

export type MinimiseOptions = {
  seed: number;
  /** How many random sequences, before the shrinking. */
  rounds: number;
  maxSteps: number;
  /** Limit for all of it (ms). */
  limitMs: number;
  /** Runs one sequence against the site. */
  run(scenario: LabScenario): Promise<ScenarioResult>;
  onTry?: ((tried: number, steps: readonly LabStep[]) => void) | undefined;
};

/**
 * The shortest sequence that loses something, if any. `isConfirmed`: it lost again when it ran once more, so the file
 * replays it.
 */
export type Minimised =
  | { type: 'none'; tried: number }
  | { type: 'found'; tried: number; scenario: LabScenario; result: ScenarioResult; isConfirmed: boolean };

const MAX_WAIT_MS = 1_000;
/** These need hooks of a module, or they end the session on purpose. */
const LEFT_OUT = new Set<LabStep['type']>([
  'publish',
  'deploy',
  'revoke',
  'sign-in-other',
  'note',
  'ignore-writes',
  'fail-writes',
]);

const shortened = (step: LabStep): LabStep =>
  step.type === 'wait' ? { ...step, ms: Math.min(step.ms, MAX_WAIT_MS) } : step;

/** Every step of a scenario that must be kept, once. The simple ones come first, because shrinking moves to the front. */
export const wildSteps = (scenarios: readonly LabScenario[] = ALL_SCENARIOS): readonly LabStep[] => {
  const steps = scenarios
    .filter(({ expect }) => expect === 'kept')
    .flatMap(({ steps: all }) => all)
    .filter(({ type }) => !LEFT_OUT.has(type))
    .map(shortened);
  const distinct = new Map(steps.map((step) => [JSON.stringify(step), step]));
  return [...distinct].toSorted(([a], [b]) => a.length - b.length).map(([, step]) => step);
};

/** What meets users most often meets the site most often here too. */
const FREQUENT = new Set<LabStep['type']>([
  'reload',
  'kill-worker',
  'expire-access',
  'burst',
  'cut',
  'offline',
  'online',
]);
const FREQUENT_WEIGHT = 3;

const anyStep = (): fc.Arbitrary<LabStep> => {
  const steps = wildSteps();
  const frequent = steps.filter(({ type }) => FREQUENT.has(type));
  const rest = steps.filter(({ type }) => !FREQUENT.has(type));
  return fc.oneof(
    { withCrossShrink: true },
    { weight: FREQUENT_WEIGHT, arbitrary: fc.constantFrom(...frequent) },
    { weight: 1, arbitrary: fc.constantFrom(...rest) },
  );
};

const scenarioOf = (seed: number, steps: readonly LabStep[]): LabScenario => {
  const scenario = readScenario({
    id: `random-${seed}`,
    title: `Random faults, seed ${seed}`,
    category: 'session',
    why: 'A random sequence of faults, as short as it still loses something.',
    prevent: 'See the likely cause of the report.',
    steps,
  });
  if (!scenario) throw new Error('A random sequence does not fit the schema of scenarios.');
  return scenario;
};

const isLoss = ({ verdict }: ScenarioResult): boolean => verdict === 'lost';

/** Drops each step that the loss does not need. fast-check shortens a sequence from its start, and keeps its last step. */
const withoutNeedless = async (
  steps: readonly LabStep[],
  loses: (steps: readonly LabStep[]) => Promise<boolean>,
): Promise<readonly LabStep[]> => {
  for (const index of steps.keys()) {
    const rest = steps.toSpliced(index, 1);
    if (rest.length > 0 && (await loses(rest))) return withoutNeedless(rest, loses);
  }
  return steps;
};

/**
 * Tries random sequences of faults, and shrinks the first one that loses something to the shortest that still does
 * (https://fast-check.dev). The same seed tries the same sequences.
 */
export const findShortestLoss = async (options: MinimiseOptions): Promise<Minimised> => {
  const { seed, rounds, maxSteps, limitMs, run, onTry = () => undefined } = options;
  const results = new Map<string, ScenarioResult>();
  const tryOut = async (steps: readonly LabStep[]): Promise<ScenarioResult> => {
    const key = JSON.stringify(steps);
    const known = results.get(key);
    if (known) return known;
    onTry(results.size + 1, steps);
    const result = await run(scenarioOf(seed, steps));
    results.set(key, result);
    return result;
  };
  const sequence = fc.array(anyStep(), { minLength: 1, maxLength: maxSteps });
  const holds = fc.asyncProperty(sequence, async (steps) => !isLoss(await tryOut(steps)));
  const { counterexample } = await fc.check(holds, {
    seed,
    numRuns: rounds,
    interruptAfterTimeLimit: limitMs,
    markInterruptAsFailure: false,
  });
  const [longer] = counterexample ?? [];
  if (!longer) return { type: 'none', tried: results.size };
  const steps = await withoutNeedless(longer, async (rest) => isLoss(await tryOut(rest)));
  const scenario = scenarioOf(seed, steps);
  const result = await tryOut(steps);
  const isConfirmed = isLoss(await run(scenario));
  return { type: 'found', tried: results.size, scenario, result, isConfirmed };
};
