import { END_SESSION_PATH } from '../../protocol/bridge/bridge-constants.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import { parseNudgeCause, parsePublications, parseSignInIntent } from '../../protocol/bridge/calls.ts';
import type { NudgeCause, SignInNext } from '../../protocol/bridge/calls.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { packRow, unpackRow } from '../storage/native-record.ts';
import { withDeadline } from '../../protocol/timing/timer.ts';
import { storeProblem } from '../storage/store-problem.ts';
import type { Services } from './services.ts';
import type { SessionRuntime } from '../session/session-runtime.ts';
import type { Sockets } from '../sockets/sockets.ts';

export type ApiOptions = {
  /** Path of the worker's scope. */
  scope: string;
  services: Services;
  session: SessionRuntime;
  publish: Sockets['publish'];
  snapshot(): Snapshot;
  nudge(cause: NudgeCause): void;
  /** The name of this session, where the origin has several. */
  name?: string | undefined;
};

/** How long a sign-out waits for the provider's word on its revocation. The person is signed out at once. */
const REVOCATION_WAIT_MS = 3_000;

const badMessage = <T>(detail: string): Result<T> => failed({ code: 'bad-message', detail });

/** The methods that a page may call. Each checks its argument first, and returns errors as data. */
export const createApi = ({ scope, services, session, publish, snapshot, nudge, name }: ApiOptions): KeeperApi => {
  const signOut: KeeperApi['signOut'] = async () => {
    const result = await session.signOut();
    const { online, worker, session: view } = snapshot();
    // The provider may refuse the revocation. Then only its own page can end something there.
    if (online && view.state === 'signed-out' && view.kind === 'oidc' && !(await services.endSession.has()))
      await withDeadline(Promise.resolve(session.pending()), REVOCATION_WAIT_MS, undefined);
    // The log-out URL carries an ID token, and only a worker can redirect without showing it to the page.
    const redirects = result.ok && online && worker.host === 'service-worker' && (await services.endSession.has());
    if (!redirects) return result;
    const url = new URL(scope + END_SESSION_PATH, location.origin);
    if (name) url.searchParams.set('session', name);
    return ok({ type: 'redirect', url: url.href });
  };
  return {
    snapshot: async () => ok(snapshot()),

    async signIn(intent) {
      const order = parseSignInIntent(intent);
      if (!order) return badMessage('signIn');
      const result = await session.signIn(order);
      return result.ok ? ok<SignInNext>(result.value ?? { type: 'signed-in' }) : result;
    },

    signOut,

    signOutSession: async (other) =>
      other === (name ?? '') ? signOut() : failed({ code: 'unsupported', detail: 'config.sessions' }),

    async nudge(given) {
      const cause = parseNudgeCause(given);
      if (!cause) return badMessage('nudge');
      nudge(cause);
      return ok(null);
    },

    journal: async () => ok(await services.journal.read()),

    async publish(message) {
      const publications = parsePublications(message);
      if (!publications) return badMessage('publish');
      // Otherwise the next user who signs in here would send it.
      if (snapshot().session.state === 'signed-out') return failed({ code: 'signed-out' });
      const results = await Promise.all(publications.map(publish));
      return results.find((result) => !result.ok) ?? ok(null);
    },

    sessions: async () => ok([{ name: name ?? '', shown: true, session: snapshot().session }]),

    showSession: async () => failed({ code: 'unsupported', detail: 'config.sessions' }),

    async backup() {
      try {
        const row = await services.store.row();
        const signedIn = snapshot().session.state !== 'signed-out';
        return ok(row && signedIn ? packRow(row) : null);
      } catch (error) {
        return failed(storeProblem(error));
      }
    },

    async restore(record) {
      const row = unpackRow(record);
      if (!row) return badMessage('restore');
      try {
        await services.store.restore(row);
        session.dispatch({ type: 'restored' });
        return ok(null);
      } catch (error) {
        return failed(storeProblem(error));
      }
    },
  };
};
