import type { Keeper } from '../page/types/types.ts';
import type { Problem } from '../protocol/problem.ts';
import type { SessionView } from '../protocol/snapshot.ts';
import { withDeadline } from '../protocol/timing/timer.ts';
import type { ImportSource, StoredSession } from './sources.ts';

/**
 * What became of the session of the other library:
 * - `nothing`: there is none, or none with a refresh token
 * - `not-needed`: this browser has had a session of the keeper; the other one is removed
 * - `imported`: the provider renewed it; the user is signed in
 * - `saved`: it is on the disk, and the provider does not answer yet; the keeper tries again by itself
 * - `rejected`: the provider no longer accepts it; the user has to sign in
 * - `failed`: it is not saved, and it is where it was
 */
export type ImportResult =
  | { readonly type: 'nothing' | 'not-needed' | 'imported' | 'saved' }
  | { readonly type: 'rejected' | 'failed'; readonly problem: Problem | undefined };

type Importer = Pick<Keeper, 'snapshot' | 'subscribe' | 'signIn'>;

/** Longer than one attempt at a token endpoint takes. */
const VERIFIED_WITHIN_MS = 20_000;

/** Resolves with the first session that fits, or with the present one after the deadline. */
const sessionThat = async (keeper: Importer, fits: (session: SessionView) => boolean): Promise<SessionView> => {
  let stop = (): void => undefined;
  const found = new Promise<SessionView>((resolve) => {
    stop = keeper.subscribe(({ session }) => {
      if (fits(session)) resolve(session);
    });
  });
  const session = await withDeadline(found, VERIFIED_WITHIN_MS, undefined);
  stop();
  return session ?? keeper.snapshot.session;
};

/** An access token proves that the provider renewed the session. */
const isVerified = (session: SessionView): boolean =>
  'accessIssuedAt' in session && session.accessIssuedAt !== undefined;

const hadNone = (session: SessionView): boolean => session.state === 'signed-out' && session.reason === 'never';

const handOver = async (keeper: Importer, { refreshToken, remove }: StoredSession): Promise<ImportResult> => {
  const saved = await keeper.signIn({ kind: 'import', refreshToken });
  if (!saved.ok) return { type: 'failed', problem: saved.problem };
  // Snapshots come on another way than answers. One from before the save says nothing of its disk, nor of the provider.
  const isSaved = !hadNone(await sessionThat(keeper, (session) => !hadNone(session)));
  // Without the disk, the other library's copy is the only one that a restart of the browser leaves.
  if (isSaved && keeper.snapshot.durability === 'disk') remove();
  const isJudged = (session: SessionView): boolean =>
    isVerified(session) || 'nextTryAt' in session || (session.state === 'signed-out' && !hadNone(session));
  const session = await sessionThat(keeper, isJudged);
  if (session.state === 'signed-out' && !hadNone(session))
    return { type: 'rejected', problem: session.endedBy ?? session.problem };
  return { type: isVerified(session) ? 'imported' : 'saved' };
};

const importOnce = async (keeper: Importer, source: ImportSource): Promise<ImportResult> => {
  const found = source();
  if (!found) return { type: 'nothing' };
  const session = await sessionThat(keeper, ({ state }) => state !== 'starting');
  if (session.state === 'starting') return { type: 'failed', problem: undefined };
  if (hadNone(session)) return handOver(keeper, found);
  // Nothing may bring back a user who has signed out since then.
  found.remove();
  return { type: 'not-needed' };
};

/**
 * Goes on with the session of another library, so that no user has to sign in again. It reads the refresh token once and
 * hands it to the worker, which saves and renews it. After the save it removes the token from the web storage. Call it at each start,
 * before that library: it does nothing when there is nothing. Needs `allowImport: true` in `signIn.oidc`.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { fromOidcClientTs, importSession } from 'session-keeper/migrate';
 * const keeper = await connect({ worker: '/sw.js' });
 * await importSession(keeper, fromOidcClientTs({ authority: 'https://id.example', clientId: 'web' }));
 */
export const importSession = async (keeper: Importer, source: ImportSource): Promise<ImportResult> => {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  // Two tabs at once would use the token twice.
  return locks ? locks.request('session-keeper-import', () => importOnce(keeper, source)) : importOnce(keeper, source);
};
