import { ALL_SCENARIOS } from '../../../lab/scenarios/all-scenarios.ts';
import type { LabScenario, LabStep, Need } from '../../../lab/scenarios/scenario.ts';

/** Other scenarios that a socket has to survive. */
const MORE = new Set(['reload', 'back-forward', 'captive-portal', 'worker-killed-at-rest', 'idle-8-hours']);
const CATEGORIES = new Set(['connection', 'messages', 'offline']);
/** Three seconds of messages, as long as most scenarios last. */
const MESSAGES = 60;

/**
 * Steps after which there is another page. It begins with the state that it loads from its server, and not with the messages
 * that a page before it missed. So none are published there, and the connection alone is judged.
 */
const isPageChange = (step: LabStep): boolean =>
  ['reload', 'reload-tabs', 'back-forward'].includes(step.type) || (step.type === 'update-worker' && step.reload);

/** The same scenario while messages arrive: the first one before its first step. */
const withMessages = (scenario: LabScenario): LabScenario => {
  const needs: readonly Need[] = scenario.needs;
  const withNeeds = (...more: readonly Need[]): LabScenario => ({
    ...scenario,
    needs: [...new Set([...needs, 'socket' as const, ...more])],
  });
  if (scenario.steps.some((step) => step.type === 'publish' || isPageChange(step))) return withNeeds();
  const publish: LabStep = { type: 'publish', count: MESSAGES };
  return { ...withNeeds('messages'), steps: [publish, ...scenario.steps] };
};

const isForSockets = ({ id, category, needs }: LabScenario): boolean => {
  const needed: readonly Need[] = needs;
  return MORE.has(id) || CATEGORIES.has(category) || needed.includes('socket');
};

/** The scenarios of the lab that concern connection and messages. */
export const SOCKET_SCENARIOS: readonly LabScenario[] = ALL_SCENARIOS.filter(isForSockets).map(withMessages);
