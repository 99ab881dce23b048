import { noChange } from '../machine.ts';
import { mayTry } from './session-requests.ts';
import { retryRefresh } from './session-transitions.ts';
import type { SessionContext, SessionEvent, SessionMachine, SessionStep } from './session-types.ts';
import { verifyNow } from './session-verify.ts';
import { isDue } from './token-expiry.ts';

const proveToTab = (machine: SessionMachine, context: SessionContext): SessionStep => {
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
