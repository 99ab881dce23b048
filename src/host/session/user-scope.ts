import type { Session } from '../../core/session/session-types.ts';

/** The period during which one user is signed in here. Requests that start in it end with it. */
export type UserScope = {
  /** Aborts when the user has left. So no late answer to this user reaches the next one. */
  readonly ended: AbortSignal;
  /** URLs that the server has answered in this scope. Other answers in the HTTP cache may belong to another user. */
  readonly fetched: Set<string>;
};

export type UserScopes = {
  get(): UserScope;
  /** `session`: the newest one, saved or not. `hasLeft`: its user signed out, and no sign-in came after it. */
  observe(session: Session | undefined, hasLeft: boolean): void;
};

/** A second sign-in of the same user continues the scope. A sign-in whose user is not known yet starts another one. */
const isAnotherUser = (before: Session, after: Session): boolean =>
  before.startedAt !== after.startedAt && (after.user === undefined || after.user.sub !== before.user?.sub);

export const createUserScopes = (): UserScopes => {
  let ending = new AbortController();
  let current: UserScope = { ended: ending.signal, fetched: new Set() };
  let last: Session | undefined;
  return {
    get: () => current,
    observe(session, hasLeft) {
      if (last && (hasLeft || (session && isAnotherUser(last, session)))) {
        ending.abort(new TypeError('signed-out'));
        ending = new AbortController();
        current = { ended: ending.signal, fetched: new Set() };
      }
      last = hasLeft ? undefined : (session ?? last);
    },
  };
};
