import type { Continuity, SessionView } from '../../protocol/snapshot.ts';
import type { RefreshFailure, SessionMachine, Session } from './session-types.ts';

const hasCallback = ({ signIns }: SessionMachine): boolean => signIns.some(({ callback }) => callback);

const known = (session: Session, machine: SessionMachine) => ({
  kind: session.kind,
  user: session.user,
  accessExpiresAt: session.tokens.access?.expiresAt,
  accessIssuedAt: session.tokens.access?.issuedAt,
  signedInAt: session.startedAt,
  verifiedAt: machine.verifiedAt,
  endsAt: session.endsAt,
  signInProblem: machine.signInProblem,
  signingIn: hasCallback(machine) || undefined,
});

const failure = ({ nextTryAt, attempt, problem }: RefreshFailure) => ({ nextTryAt, attempt, problem });

/** The part of a session that pages can see. It never contains a token. */
export const projectSession = (machine: SessionMachine): SessionView => {
  const { state, signInProblem } = machine;
  switch (state.state) {
    case 'starting':
    case 'establishing':
      return { state: 'starting' };
    case 'active':
      return { state: 'active', problem: machine.refusedProblem, ...known(state.session, machine) };
    case 'refreshing':
    case 'ending': {
      const { failed, session } = state;
      // The page's dialog stays open during the attempt.
      if (failed?.state === 'sign-in-required')
        return { state: failed.state, ...failure(failed), ...known(session, machine) };
      const problem = failed?.problem ?? machine.refusedProblem;
      return { state: 'refreshing', problem, attempt: failed?.attempt, ...known(session, machine) };
    }
    case 'saving':
      return { state: 'refreshing', problem: machine.refusedProblem, ...known(state.session, machine) };
    case 'degraded':
    case 'sign-in-required':
      return { state: state.state, ...failure(state), ...known(state.session, machine) };
    case 'signed-out': {
      // The callback's token exchange is running, so the page shows neither the app nor the sign-in page.
      if (hasCallback(machine)) return { state: 'starting' };
      const { reason, kind, problem } = state;
      const endedBy = reason === 'rejected' || reason === 'expired' ? problem : undefined;
      return { state: 'signed-out', reason, kind, problem: signInProblem ?? problem, endedBy, signInProblem };
    }
  }
};

/** The events that a session survives and a page can show. */
export type Disruption = 'reloads' | 'workerRestarts' | 'networkLosses' | 'refreshes';

export const continuitySince = (now: number): Continuity => ({
  since: now,
  reloads: 0,
  workerRestarts: 0,
  networkLosses: 0,
  refreshes: 0,
});

export const withDisruption = (kept: Continuity, trial: Disruption): Continuity => ({
  ...kept,
  [trial]: kept[trial] + 1,
});
