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

/** Asks the application's backend, by name, whether it knows this session; one question at a time. */
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

/** The world has changed: what failed before says nothing about the next try, nor how long to wait after it. */
export const forgetFailures = (machine: SessionMachine): SessionMachine =>
  machine.verifying?.state === 'backoff' ? { ...machine, verifying: undefined } : machine;

/** The network is not always there when the browser says so: whoever got no proof asks again. */
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
  // Asked about other tokens, perhaps of another person: it says nothing about these.
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

/** The backend's name for the user is worth keeping: a restarted worker greets people by it before it has asked. */
const prove = (machine: SessionMachine, session: Session, user: User): SessionStep => {
  if (session.user?.sub === user.sub && session.user.name === user.name) return noChange(machine);
  const known = { ...session, user };
  const step = noChange({ ...machine, state: { ...machine.state, session: known } as SessionState });
  return machine.state.state === 'active' ? save(step, { state: 'signed-in', session: known }) : step;
};
