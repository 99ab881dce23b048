import { and, end, save, sessionOf, stay, tombstone } from './session-moves.ts';
import type { User } from '../protocol/snapshot.ts';
import type { Machine, Moment, Session, SessionEvent, SessionState, Step } from './session-types.ts';

/** Asks the application's backend, by name, whether it knows this session; one question at a time. */
export const verifyNow = (step: Step): Step => {
  const { machine } = step;
  const session = sessionOf(machine.state);
  if (!session) return step;
  if (machine.verifying) return { ...step, machine: { ...machine, verifying: { ...machine.verifying, again: true } } };
  const call = machine.calls + 1;
  const verifying = { call, generation: session.generation, again: false };
  return and(
    { ...step, machine: { ...machine, calls: call, verifying } },
    { type: 'verify', call, kind: session.kind },
  );
};

export const onVerify = (
  machine: Machine,
  event: Extract<SessionEvent, { type: 'verified' | 'verify-failed' }>,
  { now }: Moment,
): Step => {
  const { verifying, state } = machine;
  if (!verifying || verifying.call !== event.call) return stay(machine);
  const rest: Machine = { ...machine, verifying: undefined };
  const session = sessionOf(state);
  // Asked about other tokens, perhaps of another person: it says nothing about these.
  if (session?.generation !== verifying.generation) return verifyNow(stay(rest));
  if (event.type === 'verify-failed') {
    const over = event.problem.code === 'grant-rejected' && session.kind === 'ticket';
    return over ? end(rest, tombstone(state, 'rejected', event.problem)) : again(stay(rest), verifying);
  }
  return again(prove({ ...rest, verifiedAt: now }, session, event.user), verifying);
};

const again = (step: Step, asked: { again: boolean }): Step => (asked.again ? verifyNow(step) : step);

/** The backend's name for the user is worth keeping: a restarted worker greets people by it before it has asked. */
const prove = (machine: Machine, session: Session, user: User): Step => {
  if (session.user?.sub === user.sub && session.user.name === user.name) return stay(machine);
  const known = { ...session, user };
  const step = stay({ ...machine, state: { ...machine.state, session: known } as SessionState });
  return machine.state.at === 'active' ? save(step, { at: 'session', session: known }) : step;
};
