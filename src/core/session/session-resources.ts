import { retryAfterOf, type Problem } from '../../protocol/problem.ts';
import { retryDelay } from '../../protocol/timing/backoff.ts';
import { noChange, withEffects, withEffectsFirst } from '../machine.ts';
import { answer, beginRefresh, isHopeless, retryRefresh, sessionOf } from './session-transitions.ts';
import { isRetryDue, onRequest, onRequestRefused, spendUnauthorized } from './session-requests.ts';
import { isDue, usable } from './token-expiry.ts';
import type { ResourcePause, ResourceRequest } from '../resource-state.ts';
import type {
  Session,
  SessionContext,
  SessionEvent,
  SessionMachine,
  SessionStep,
  TokenResponse,
  Verdict,
} from './session-types.ts';

/*
 * Requests to other APIs than the session's own (RFC 8707). One refresh token gets the access tokens of all of them, and a
 * provider may rotate it at each use. So there is one refresh at a time, and this module starts the next one when the
 * state allows it. After each event, `serveResources` answers what can be answered now.
 */

type Asking = Extract<SessionEvent, { type: 'request' | 'refused' | 'refused-again' }>;

/** A request for a resource, or its 401. `serveResources` answers it in the same step, if it can. */
export const onResourceEvent = (
  machine: SessionMachine,
  event: Asking,
  resource: string,
  context: SessionContext,
): SessionStep => {
  if (event.type === 'refused-again') return noChange(onRefusedAgain(machine, event.generation, resource, context));
  if (event.type === 'refused' && event.challenge === 'other')
    return withEffects(noChange(machine), answer(event.id, { type: 'passThrough' }));
  const refused = event.type === 'refused' ? event.generation : undefined;
  return noChange({ ...machine, resourceRequests: [...machine.resourceRequests, { id: event.id, resource, refused }] });
};

export const withoutResourceRequest = (machine: SessionMachine, id: string): SessionMachine => {
  const resourceRequests = machine.resourceRequests.filter((request) => request.id !== id);
  return resourceRequests.length < machine.resourceRequests.length ? { ...machine, resourceRequests } : machine;
};

/** What the machine does with a request now. */
type Decision =
  | { type: 'wait' }
  | { type: 'answer'; verdict: Verdict }
  /** The session's own token is the only one that there is. */
  | { type: 'own-token' }
  | { type: 'refresh' }
  | { type: 'retry' };

const WAIT: Decision = { type: 'wait' };

const tokenOf = ({ tokens }: Session, resource: string) => tokens.resources?.[resource];

/** The resource's own token, if it can be sent. One that got a 401 is not sent again. */
const verdictOf = (
  session: Session,
  { resource, refused = -Infinity }: ResourceRequest,
  { now, policy }: SessionContext,
): Verdict | undefined => {
  const token = tokenOf(session, resource);
  const generation = token?.generation ?? session.generation;
  if (!usable(token, now, policy) || generation <= refused) return undefined;
  return { type: 'authorized', generation, token, key: session.tokens.key };
};

const pauseOf = ({ resourcePauses }: SessionMachine, resource: string, now: number): ResourcePause | undefined => {
  const pause = resourcePauses[resource];
  return pause && !isDue(pause.until, pause.until - pause.since, now) ? pause : undefined;
};

const decide = (machine: SessionMachine, request: ResourceRequest, context: SessionContext): Decision => {
  const { state } = machine;
  const isReplay = request.refused !== undefined;
  if (state.state === 'signed-out')
    return { type: 'answer', verdict: { type: isReplay ? 'passThrough' : 'anonymous' } };
  const session = sessionOf(state);
  if (!session) return WAIT;
  if (session.kind !== 'oidc') return { type: 'own-token' };
  const verdict = verdictOf(session, request, context);
  if (verdict) return { type: 'answer', verdict };
  // Without a refresh token there is no way to another token. The session's own one is for another audience.
  if (session.tokens.refresh === undefined)
    return { type: 'answer', verdict: { type: isReplay ? 'passThrough' : 'anonymous' } };
  const pause = pauseOf(machine, request.resource, context.now);
  if (pause && isReplay) return { type: 'answer', verdict: { type: 'passThrough' } };
  if (pause?.problem) return { type: 'answer', verdict: { type: 'fail', problem: pause.problem } };
  switch (state.state) {
    case 'active':
      return { type: 'refresh' };
    case 'degraded':
    case 'sign-in-required':
      if (isRetryDue(state, context.now)) return { type: 'retry' };
      return state.state === 'degraded' && !isHopeless(state, context.now, context.policy)
        ? WAIT
        : { type: 'answer', verdict: { type: 'fail', problem: state.problem } };
    default:
      return WAIT;
  }
};

/** Carries out one decision. `undefined`: the request waits. */
const carryOut = (
  machine: SessionMachine,
  request: ResourceRequest,
  context: SessionContext,
): SessionStep | undefined => {
  const decision = decide(machine, request, context);
  const { state } = machine;
  const rest = withoutResourceRequest(machine, request.id);
  switch (decision.type) {
    case 'wait':
      return undefined;
    case 'answer':
      return withEffects(noChange(rest), answer(request.id, decision.verdict));
    case 'own-token':
      return asOwn(rest, request, context);
    case 'retry':
      return state.state === 'degraded' || state.state === 'sign-in-required'
        ? retryRefresh(machine, state)
        : undefined;
    case 'refresh': {
      if (state.state !== 'active') return undefined;
      const { session } = state;
      // The bucket bounds how many refreshes 401s may start.
      const spent = request.refused === undefined ? machine : spendUnauthorized(machine, context);
      return spent
        ? beginRefresh(spent, { session, resource: request.resource })
        : withEffects(noChange(rest), answer(request.id, { type: 'passThrough' }));
    }
  }
};

/** A session whose backend knows no resources. */
const asOwn = (machine: SessionMachine, { id, refused }: ResourceRequest, context: SessionContext): SessionStep =>
  refused === undefined
    ? onRequest(machine, id, context)
    : onRequestRefused(machine, { type: 'refused', id, generation: refused, challenge: 'token' }, context);

/** Answers the requests for resources that can be answered in this state, and starts the refresh that another one needs. */
export const serveResources = (step: SessionStep, context: SessionContext): SessionStep =>
  step.machine.resourceRequests.reduce((before, request) => {
    const next = carryOut(before.machine, request, context);
    return next ? withEffectsFirst(next, ...before.effects) : before;
  }, step);

/** The pause after the provider gave no token for a resource. Its requests fail meanwhile, and no other ones. */
export const pauseResource = (
  machine: SessionMachine,
  resource: string,
  problem: Problem,
  { now, chance, policy }: SessionContext,
): SessionMachine => {
  const attempt = (machine.resourcePauses[resource]?.attempt ?? 0) + 1;
  const backoff = { baseMs: policy.minTryMs, capMs: policy.personRetryMs };
  const isLong = problem.code === 'misconfigured' || problem.code === 'sign-in-required';
  const pauseMs = isLong ? policy.misconfiguredRetryMs : retryDelay(attempt, backoff, chance, retryAfterOf(problem));
  return withPause(machine, resource, { attempt, since: now, until: now + pauseMs, problem });
};

const withPause = (machine: SessionMachine, resource: string, pause: ResourcePause): SessionMachine => ({
  ...machine,
  resourcePauses: { ...machine.resourcePauses, [resource]: pause },
});

const WITHOUT_TOKEN: Problem = {
  code: 'unexpected-answer',
  at: 'token',
  status: 200,
  detail: 'no usable access token',
};

/** A token ends the pause of its resource. An answer without one begins it. */
export const withResourceGrant = (
  machine: SessionMachine,
  resource: string,
  { access }: TokenResponse,
  context: SessionContext,
): SessionMachine => {
  if (!access) return pauseResource(machine, resource, WITHOUT_TOKEN, context);
  const { [resource]: pause, ...others } = machine.resourcePauses;
  return pause?.problem ? { ...machine, resourcePauses: others } : machine;
};

/** The resource refused a token that the provider had just issued. For a growing time, its 401s start no refresh. */
const onRefusedAgain = (
  machine: SessionMachine,
  generation: number,
  resource: string,
  { now, policy }: SessionContext,
): SessionMachine => {
  const session = sessionOf(machine.state);
  const pause = machine.resourcePauses[resource];
  if (!session || tokenOf(session, resource)?.generation !== generation || pause?.problem) return machine;
  const isRecent = pause !== undefined && now - pause.until < policy.doubtCapMs;
  const attempt = isRecent ? pause.attempt + 1 : 1;
  const until = now + Math.min(policy.doubtCapMs, policy.doubtMs * 2 ** (attempt - 1));
  return withPause(machine, resource, { attempt, since: now, until });
};

const NO_ANSWER: readonly Problem['code'][] = ['network-unreachable', 'timeout'];

/** Whether the provider has answered a refresh. Without an answer, the network is at fault and not the resource. */
export const isAnswer = ({ code }: Problem): boolean => !NO_ANSWER.includes(code);
