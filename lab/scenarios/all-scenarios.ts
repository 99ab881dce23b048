import { NETWORK_SCENARIOS } from './network-scenarios.ts';
import { PAGE_SCENARIOS } from './page-scenarios.ts';
import type { LabScenario } from './scenario.ts';
import { SERVER_SCENARIOS } from './server-scenarios.ts';
import { STATE_SCENARIOS } from './state-scenarios.ts';

/** The product's own scenarios, in the order in which they run: the quick and frequent ones first. */
export const ALL_SCENARIOS: readonly LabScenario[] = [
  ...PAGE_SCENARIOS,
  ...NETWORK_SCENARIOS,
  ...SERVER_SCENARIOS,
  ...STATE_SCENARIOS,
];

/** Those whose id is in the list, or starts with an entry that ends with `*`. */
export const chooseScenarios = (
  names: readonly string[],
  scenarios: readonly LabScenario[] = ALL_SCENARIOS,
): readonly LabScenario[] => {
  if (names.length === 0) return scenarios;
  const isNamed = ({ id, category }: LabScenario): boolean =>
    names.some((name) => name === id || name === category || (name.endsWith('*') && id.startsWith(name.slice(0, -1))));
  return scenarios.filter(isNamed);
};
