import { noChange } from '../machine.ts';
import { mayTry } from './session-requests.ts';
import { beginRefresh } from './session-transitions.ts';
import type { SessionContext, SessionMachine, SessionStep } from './session-types.ts';
import { verifyNow } from './session-verify.ts';
import { isDue } from './token-expiry.ts';

const proveToTab = (machine: SessionMachine, context: SessionContext): SessionStep => {
  const { state } = machine;
  const tries = state.state === 'degraded' && mayTry(state, context);
  return verifyNow(tries ? beginRefresh(machine, state) : noChange(machine));
};

/** The backend answers while the page still loads. */
export const onTabExpected = (machine: SessionMachine, context: SessionContext): SessionStep =>
  proveToTab(machine, context);

/**
 * A page loaded or became visible. The backend's answer proves to it that the session still exists. The proof that was
 * for another document is too old for this one.
 */
export const onTabArrived = (
  machine: SessionMachine,
  expectedAt: number | undefined,
  context: SessionContext,
): SessionStep => {
  const { verifiedAt = -Infinity, verifying } = machine;
  const { tabExpectedMs } = context.policy;
  const expected = expectedAt !== undefined && !isDue(expectedAt + tabExpectedMs, tabExpectedMs, context.now);
  const proved = verifying?.state === 'pending' || verifiedAt >= (expectedAt ?? Infinity);
  return expected && proved ? noChange(machine) : proveToTab(machine, context);
};
