import { noChange, withEffects } from '../machine.ts';
import { beginRefresh, holdsLock, retryRefresh } from './session-transitions.ts';
import { onOverdue } from './session-refresh.ts';
import { isHeldOff, isRetryDue, mayTry } from './session-requests.ts';
import { load, readAgain, waitsForDisk } from './session-start.ts';
import { forgetFailures, isUnrenewable, isVerifiedEnough, verifyDue, verifyNow } from './session-verify.ts';
import { hasEnded, isDue, renewIsDue } from './token-expiry.ts';
import type { SessionContext, SessionEvent, SessionMachine, SessionState, SessionStep } from './session-types.ts';

/* What the passing of time, the network and the tabs start. */

export const onTick = (machine: SessionMachine, context: SessionContext): SessionStep => {
  const step = verifyDue(onDue(machine, context), context);
  const { unsaved, state } = step.machine;
  if (!unsaved || holdsLock(state) || !isDue(unsaved.retryAt, context.policy.saveRetryMs, context.now)) return step;
  const { call, record } = unsaved;
  return withEffects(
    { ...step, machine: { ...step.machine, unsaved: { ...unsaved, retryAt: Infinity } } },
    { type: 'save', call, record },
  );
};

const onDue = (machine: SessionMachine, context: SessionContext): SessionStep => {
  const { state } = machine;
  const { now, policy } = context;
  switch (state.state) {
    case 'starting':
      return isDue(state.retryAt ?? Infinity, policy.loadRetryMs, now)
        ? load(machine, state.attempt)
        : noChange(machine);
    case 'signed-out':
      return isDue(state.lookAgainAt ?? Infinity, policy.saveRetryMs, now) ? readAgain(machine) : noChange(machine);
    case 'degraded':
      return isRetryDue(state, now) ? retryRefresh(machine, state) : noChange(machine);
    case 'sign-in-required':
      if (isUnrenewable(state) && hasEnded(state.session, now)) return onOverdue(machine, state.session, []);
      return isRetryDue(state, now) ? tryWithoutPerson(machine, state, context) : noChange(machine);
    case 'active':
      if (hasEnded(state.session, now)) return onOverdue(machine, state.session, []);
      return renewIsDue(state.session, now, policy) ? beginRefresh(machine, state) : noChange(machine);
    default:
      return noChange(machine);
  }
};

/** The provider may have changed its mind. Without a refresh token, only the backend can say so. */
const tryWithoutPerson = (
  machine: SessionMachine,
  state: SessionState & { state: 'sign-in-required' },
  { now, policy }: SessionContext,
): SessionStep => {
  if (!isUnrenewable(state)) return retryRefresh(machine, state);
  return verifyNow(noChange({ ...machine, state: { ...state, failedAt: now, nextTryAt: now + policy.personRetryMs } }));
};

export const onNudge = (
  machine: SessionMachine,
  cause: 'online' | 'visible' | 'thaw' | 'user',
  context: SessionContext,
): SessionStep => {
  const { state } = machine;
  if (state.state === 'starting' && state.retryAt !== undefined) return load(machine, state.attempt);
  if (waitsForDisk(state)) return state.lookAgainAt === Infinity ? noChange(machine) : readAgain(machine);
  if (state.state === 'sign-in-required') {
    // A person who asks for it is no loop.
    const now =
      isRetryDue(state, context.now) || (cause === 'user' && context.now - state.failedAt >= context.policy.minTryMs);
    return now ? tryWithoutPerson(machine, state, context) : noChange(machine);
  }
  if (state.state === 'degraded') {
    const now = ((cause === 'user' || cause === 'online') && !isHeldOff(state, context)) || mayTry(state, context);
    return now ? retryRefresh(machine, state) : noChange(machine);
  }
  if ((cause === 'visible' || cause === 'thaw') && isVerifiedEnough(machine, context)) return onTick(machine, context);
  const stale = context.now - (machine.verifiedAt ?? -Infinity) >= context.policy.verifyAgainMs;
  // A page that loaded without a network needs a new proof, however recent the last one is.
  const asks = stale || cause === 'user' || cause === 'online';
  return asks ? verifyNow(onTick(forgetFailures(machine), context)) : onTick(machine, context);
};

const proveToTab = (machine: SessionMachine, context: SessionContext): SessionStep => {
  if (isVerifiedEnough(machine, context)) return noChange(machine);
  const { state } = machine;
  const tries = state.state === 'degraded' && mayTry(state, context);
  return verifyNow(tries ? retryRefresh(machine, state) : noChange(machine));
};

/**
 * A page loaded or became visible. The backend's answer proves to it that the session still exists. For an expected page,
 * the backend answers while it still loads. The proof that was for another document is too old for this one.
 */
export const onTab = (
  machine: SessionMachine,
  event: Extract<SessionEvent, { type: 'tab-expected' | 'tab-arrived' }>,
  context: SessionContext,
): SessionStep => {
  if (event.type === 'tab-expected') return proveToTab(machine, context);
  const { expectedAt } = event;
  const { verifiedAt = -Infinity, verifying } = machine;
  const { tabExpectedMs } = context.policy;
  const expected = expectedAt !== undefined && !isDue(expectedAt + tabExpectedMs, tabExpectedMs, context.now);
  const proved = verifying?.state === 'pending' || verifiedAt >= (expectedAt ?? Infinity);
  return expected && proved ? noChange(machine) : proveToTab(machine, context);
};
