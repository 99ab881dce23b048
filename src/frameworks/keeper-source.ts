import { connect } from '../page/connect.ts';
import type { ConnectOptions, Keeper } from '../page/types/types.ts';
import type { SessionView } from '../protocol/snapshot.ts';

/** The methods of a keeper that answer later. Each one connects first, if nothing has yet. */
export type KeeperActions = Pick<
  Keeper,
  'signIn' | 'stepUp' | 'signOut' | 'nudge' | 'journal' | 'fetch' | 'resent' | 'upload' | 'download'
> & {
  /** The keeper itself, for channels and sockets. Rejects on a server, where there is none. */
  connected(): Promise<Keeper>;
};

/** A keeper that connects when it is first used, and the session that it has until then. */
export type KeeperSource = KeeperActions & {
  /** `starting` until a keeper has connected, and always on a server. The object changes only with the session. */
  session(): SessionView;
  /** Calls `listener` after each change of the session. Returns the function that stops it. */
  subscribe(listener: () => void): () => void;
  /** Resolves with the first session that is not `starting`. */
  settled(): Promise<SessionView>;
};

/** A keeper, for example a fake one of a test, or the options with which to connect. */
export type KeeperOrOptions = Keeper | ConnectOptions;

const STARTING: SessionView = { state: 'starting' };
const ACTIONS = ['signIn', 'stepUp', 'signOut', 'nudge', 'journal', 'fetch', 'resent', 'upload', 'download'] as const;

const isKeeper = (from: KeeperOrOptions): from is Keeper => 'subscribe' in from;

/**
 * Makes the source that providers, guards and loaders share. It connects when something first uses it in a browser.
 *
 * @example
 * import { createKeeperSource } from 'session-keeper/react';
 * export const source = createKeeperSource({ worker: '/sw.js' });
 */
export const createKeeperSource = (from: KeeperOrOptions = {}): KeeperSource => {
  const listeners = new Set<() => void>();
  let connecting: Promise<Keeper> | undefined;
  let session: SessionView = STARTING;

  const follow = (keeper: Keeper): Keeper => {
    keeper.subscribe((snapshot) => {
      // Each snapshot of a worker is a copy, and most changes are those of counters.
      if (JSON.stringify(snapshot.session) === JSON.stringify(session)) return;
      session = snapshot.session;
      for (const listener of listeners) listener();
    });
    return keeper;
  };
  const open = async (): Promise<Keeper> => {
    if (isKeeper(from)) return follow(from);
    if (typeof document === 'undefined') throw new Error('A server has no keeper: connect in the browser.');
    return follow(await connect(from));
  };
  const connected = (): Promise<Keeper> => {
    connecting ??= open().catch((error: unknown) => {
      // A part of the script did not load. The next use tries again.
      connecting = undefined;
      throw error;
    });
    return connecting;
  };
  // The snapshot of a given keeper is here already.
  if (isKeeper(from)) connecting = Promise.resolve(follow(from));

  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    connected().catch(() => undefined);
    return () => listeners.delete(listener);
  };
  const action =
    (name: (typeof ACTIONS)[number]) =>
    async (...args: unknown[]): Promise<unknown> => {
      const keeper = await connected();
      return (keeper[name] as (...values: unknown[]) => unknown)(...args);
    };
  return {
    ...(Object.fromEntries(ACTIONS.map((name) => [name, action(name)])) as unknown as KeeperActions),
    connected,
    session: () => session,
    subscribe,
    async settled() {
      await connected();
      while (session.state === 'starting')
        await new Promise<void>((resolve) => {
          const stop = subscribe(() => {
            stop();
            resolve();
          });
        });
      return session;
    },
  };
};
