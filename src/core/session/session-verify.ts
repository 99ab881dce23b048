import { fullJitter, VERIFY_BACKOFF } from '../../protocol/timing/backoff.ts';
import { noChange, withEffects } from '../machine.ts';
import { end, save, sessionOf, signedOutRecord } from './session-transitions.ts';
import type { User } from '../../protocol/snapshot.ts';
import { isDue } from './token-expiry.ts';
import type {
  SessionMachine,
  SessionContext,
  Session,
  SessionEvent,
  SessionState,
  SessionStep,
  VerifyState,
} from './session-types.ts';

/** Requests a proof of this session from the application's backend, one request at a time. */
export const verifyNow = (step: SessionStep): SessionStep => {
  const { machine } = step;
  const { verifying } = machine;
  const session = sessionOf(machine.state);
  if (!session) return step;
  if (verifying?.state === 'pending')
    return { ...step, machine: { ...machine, verifying: { ...verifying, rerun: true } } };
  const call = machine.calls + 1;
  const { generation, kind } = session;
  const pending = { state: 'pending', call, generation, rerun: false, attempt: verifying?.attempt ?? 0 } as const;
  return withEffects(
    { ...step, machine: { ...machine, calls: call, verifying: pending } },
    { type: 'verify', call, kind },
  );
};

/** Drops the backoff, because earlier failures say nothing about an attempt under new conditions. */
export const forgetFailures = (machine: SessionMachine): SessionMachine =>
  machine.verifying?.state === 'backoff' ? { ...machine, verifying: undefined } : machine;

/** The network can fail after the browser fires `online`, so a verification without a proof is repeated. */
export const verifyDue = (step: SessionStep, { now }: SessionContext): SessionStep => {
  const { verifying, state } = step.machine;
  const due = verifying?.state === 'backoff' && isDue(verifying.retryAt, VERIFY_BACKOFF.capMs, now);
  return due && state.state === 'active' ? verifyNow(step) : step;
};

export const onVerify = (
  machine: SessionMachine,
  event: Extract<SessionEvent, { type: 'verified' | 'verify-failed' }>,
  context: SessionContext,
): SessionStep => {
  const { verifying, state } = machine;
  if (verifying?.state !== 'pending' || verifying.call !== event.call) return noChange(machine);
  const rest: SessionMachine = { ...machine, verifying: undefined };
  const session = sessionOf(state);
  // The answer is about other tokens, perhaps of another user.
  if (session?.generation !== verifying.generation) return verifyNow(noChange(rest));
  if (event.type === 'verify-failed') {
    const over = event.problem.code === 'grant-rejected' && session.kind === 'ticket';
    if (over) return end(rest, signedOutRecord(state, 'rejected', event.problem));
    return rerunIfPending(noChange({ ...rest, verifying: unproved(verifying.attempt + 1, context) }), verifying);
  }
  return rerunIfPending(prove({ ...rest, verifiedAt: context.now }, session, event.user), verifying);
};

const unproved = (attempt: number, { now, chance }: SessionContext): VerifyState => ({
  state: 'backoff',
  attempt,
  retryAt: now + fullJitter(attempt, VERIFY_BACKOFF, chance),
});

const rerunIfPending = (step: SessionStep, pending: { rerun: boolean }): SessionStep =>
  pending.rerun ? verifyNow(step) : step;

/** Saves the backend's name of the user, so that a restarted worker can show it before the next proof. */
const prove = (machine: SessionMachine, session: Session, user: User): SessionStep => {
  if (session.user?.sub === user.sub && session.user.name === user.name) return noChange(machine);
  const known = { ...session, user };
  const step = noChange({ ...machine, state: { ...machine.state, session: known } as SessionState });
  return machine.state.state === 'active' ? save(step, { state: 'signed-in', session: known }) : step;
};
