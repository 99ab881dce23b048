import type { Continuity, SessionView } from '../../protocol/snapshot.ts';
import type { SessionMachine, Session } from './session-types.ts';

const known = (session: Session, verifiedAt: number | undefined) => ({
  kind: session.kind,
  user: session.user,
  accessExpiresAt: session.tokens.access?.expiresAt,
  accessIssuedAt: session.tokens.access?.issuedAt,
  verifiedAt,
  endsAt: session.endsAt,
});

/** The part of a session that pages can see. It never contains a token. */
export const projectSession = ({ state, signIn, verifiedAt }: SessionMachine): SessionView => {
  switch (state.state) {
    case 'starting':
    case 'establishing':
      return { state: 'starting' };
    case 'active':
      return { state: 'active', ...known(state.session, verifiedAt) };
    case 'refreshing':
    case 'saving':
    case 'ending':
      return { state: 'refreshing', ...known(state.session, verifiedAt) };
    case 'degraded': {
      const { nextTryAt, attempt, problem } = state;
      return { state: 'degraded', nextTryAt, attempt, problem, ...known(state.session, verifiedAt) };
    }
    case 'signed-out': {
      // The callback's token exchange is running, so the page shows neither the app nor the sign-in page.
      if (signIn?.callback) return { state: 'starting' };
      const { reason, kind, problem } = state;
      return { state: 'signed-out', reason, kind, problem };
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
