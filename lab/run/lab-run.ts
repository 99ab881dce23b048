import { seededChance } from '../base/chance.ts';
import type { LabReport, ScenarioResult } from '../results/result.ts';
import type { LabScenario } from '../scenarios/scenario.ts';
import { runScenario, type ScenarioOptions } from './run-scenario.ts';

export type LabProgress =
  | { type: 'scenario'; scenario: LabScenario; index: number; total: number; leftMs: number }
  | { type: 'step'; text: string }
  | { type: 'result'; result: ScenarioResult; index: number; total: number };

export type LabRunOptions = Omit<ScenarioOptions, 'onStep'> & {
  scenarios: readonly LabScenario[];
  seed: number;
  /** Results of an interrupted run, which do not run again. */
  done?: readonly ScenarioResult[] | undefined;
  onProgress(progress: LabProgress): void;
};

/** What a scenario takes before one has been measured, at a guess. */
const FIRST_GUESS_MS = 10_000;

/** http://www.isthe.com/chongo/tech/comp/fnv/ */
const FNV_PRIME = 16_777_619;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? FIRST_GUESS_MS : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The seed of a scenario depends on its name, not on its place: so it can be run alone with the same chance. */
const seedFor = (seed: number, { id }: LabScenario): number =>
  Buffer.from(id).reduce((mixed, byte) => Math.imul(mixed ^ byte, FNV_PRIME) >>> 0, seed >>> 0);

/** Runs the scenarios one after the other, each in a new browser. */
export const runLab = async (options: LabRunOptions): Promise<LabReport> => {
  const { scenarios, seed, engine, url, done = [], onProgress } = options;
  const startedAt = Date.now();
  const results: ScenarioResult[] = [];
  const measured: number[] = [];
  const total = scenarios.length;
  for (const [index, scenario] of scenarios.entries()) {
    const known = done.find(({ id }) => id === scenario.id);
    if (known) {
      results.push(known);
      continue;
    }
    onProgress({ type: 'scenario', scenario, index, total, leftMs: mean(measured) * (total - index) });
    const onStep = (text: string): void => onProgress({ type: 'step', text });
    const play = (): Promise<ScenarioResult> =>
      runScenario(scenario, { ...options, onStep }, seed, seededChance(seedFor(seed, scenario)));
    const first = await play();
    // A browser that did not start, or a page that loaded too slowly, says nothing about the site.
    const result = first.verdict === 'broken' ? await play() : first;
    measured.push(result.ms);
    results.push(result);
    onProgress({ type: 'result', result, index, total });
  }
  const ms = Date.now() - startedAt;
  return {
    type: 'session-keeper-lab',
    version: 1,
    url,
    startedAt: new Date(startedAt).toISOString(),
    ms,
    seed,
    engine,
    results,
  };
};
