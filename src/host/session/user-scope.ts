import { latestOf } from '../../core/session/session-transitions.ts';
import type { Session, SessionState } from '../../core/session/session-types.ts';

/** The time during which one person is signed in here. What begins in it ends with it. */
export type UserScope = {
  /** Aborts when that person has left: no answer to them, late or half read, reaches whoever comes next. */
  readonly ended: AbortSignal;
  /** What was asked of the server in it, by URL. Any other answer in the HTTP cache may be somebody else's. */
  readonly fetched: Set<string>;
};

export type UserScopes = { get(): UserScope; observe(state: SessionState): void };

/** A second sign-in of the same person goes on where the first was; of one whose name is not known yet, it may not. */
const isSomeoneElse = (before: Session, after: Session): boolean =>
  before.startedAt !== after.startedAt && (after.user === undefined || after.user.sub !== before.user?.sub);

export const createUserScopes = (): UserScopes => {
  let ending = new AbortController();
  let current: UserScope = { ended: ending.signal, fetched: new Set() };
  let last: Session | undefined;
  return {
    get: () => current,
    observe(state) {
      const session = latestOf(state);
      const left = state.at === 'signed-out' && state.reason === 'user';
      if (last && (left || (session && isSomeoneElse(last, session)))) {
        ending.abort(new TypeError('signed-out'));
        ending = new AbortController();
        current = { ended: ending.signal, fetched: new Set() };
      }
      last = left ? undefined : (session ?? last);
    },
  };
};
