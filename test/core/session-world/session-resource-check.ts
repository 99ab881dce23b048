import type { SessionEvent, SessionMachine, SessionStep, Verdict } from '../../../src/core/session/session-types.ts';
import type { CheckContext } from './session-end-check.ts';
import type { SimulatedWorker } from './session-worker.ts';

/** A token goes to the resource that it is for, to no other one, and not again after its 401. */
export const checkAudience = (checker: CheckContext, worker: SimulatedWorker, id: string, verdict: Verdict): void => {
  const { provider, refusedTokens, resources, kind } = checker.world;
  if (verdict.type === 'authorized' && refusedTokens.get(id) === verdict.token.value)
    checker.report(5, `${id} is sent again with the token that was refused`);
  const { state } = worker.machine;
  if (kind !== 'oidc' || verdict.type !== 'authorized') return;
  if (!('session' in state) || state.session.kind !== 'oidc') return;
  const wanted = resources.get(id.replaceAll('!', ''));
  const audience = provider.audienceOf(verdict.token.value);
  if (audience !== null && audience !== wanted) checker.report(18, `${id} for ${wanted} got the token of ${audience}`);
};

/** States in which the provider's answer about one resource must not leave the session. */
const HARMED = ['degraded', 'sign-in-required', 'ending', 'signed-out'];

export const checkResources = (
  checker: CheckContext,
  event: SessionEvent,
  { state }: SessionMachine,
  step: SessionStep,
): void => {
  if (event.type === 'grant-failed' && state.state === 'refreshing' && state.resource !== undefined) {
    const isAnswered = !event.unanswered && 'status' in event.problem;
    if (state.call === event.call && isAnswered && HARMED.includes(step.machine.state.state))
      checker.report(18, `${event.problem.code} for a resource led to ${step.machine.state.state}`);
  }
  if (event.type !== 'refused' || event.resource === undefined) return;
  for (const effect of step.effects) {
    const isReplay = effect.type === 'answer' && effect.id === event.id && effect.verdict.type === 'authorized';
    if (isReplay && effect.verdict.type === 'authorized' && effect.verdict.generation <= event.generation)
      checker.report(18, 'a refused token of a resource was sent again');
  }
};
