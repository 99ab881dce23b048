import type { SessionView } from '../../protocol/snapshot.ts';
import type { SessionMachine, Session } from './session-types.ts';

const known = (session: Session, verifiedAt: number | undefined) => ({
  kind: session.kind,
  user: session.user,
  accessExpiresAt: session.tokens.access?.expiresAt,
  accessIssuedAt: session.tokens.access?.issuedAt,
  verifiedAt,
  endsAt: session.endsAt,
});

/** What a page may know of a session: never a token. */
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
      // Back from the provider, the exchange still running: neither the app nor the login page is right yet.
      if (signIn?.callback) return { state: 'starting' };
      const { reason, kind, problem } = state;
      return { state: 'signed-out', reason, kind, problem };
    }
  }
};
