import type { NudgeCause } from '../protocol/bridge/calls.ts';
import type { SessionView, Snapshot } from '../protocol/snapshot.ts';
import { createAttachment } from './connection/attachment.ts';
import { arrivalOf, isVisible, observePage } from './connection/page-lifecycle.ts';
import type { createRealtime, Realtime } from './realtime/realtime.ts';
import { createSnapshotStore, startingSnapshot, type SnapshotStore } from './connection/snapshot-store.ts';
import type { Transport } from './connection/transport.ts';
import type { SocketClass } from './types/types.ts';
import { isOutdated } from './connection/worker-update.ts';

export type Client = {
  readonly transport: Transport;
  readonly store: SnapshotStore;
  readonly realtime: Realtime;
  /** Resolves when the host has welcomed this page, or turned out to speak a protocol that this page does not. */
  readonly ready: Promise<true>;
  /** A snapshot that came as an answer, not by the port. */
  showSnapshot(snapshot: Snapshot): void;
  /** Whether this page should be loaded anew. */
  outdated(): boolean;
  close(): void;
};

export type ClientOptions = {
  transport: Transport;
  tab: string;
  /** The page's own build, or ''. */
  build: string;
  createRealtime: typeof createRealtime;
  /** The class of its sockets. */
  publicClass: SocketClass;
};

/** What this page knows of the host's build. */
type HostBuild = { state: 'unknown' } | { state: 'known'; firstBuild: string } | { state: 'incompatible' };

/** Ties the parts of a page to a host and greets it. */
export const createClient = ({ transport, tab, build, createRealtime, publicClass }: ClientOptions): Client => {
  const store = createSnapshotStore(startingSnapshot('service-worker', navigator.onLine));
  const ending = new AbortController();
  let hostBuild: HostBuild = { state: 'unknown' };
  let settle = (): void => {};
  const ready = new Promise<true>((resolve) => {
    settle = () => resolve(true);
  });

  let signedIn = false;
  /** A worker that finds nothing says that nobody ever was signed in; this page knows better. */
  const explained = (session: SessionView): SessionView => {
    if (session.state === 'starting') return session;
    const lost = signedIn && session.state === 'signed-out' && session.reason === 'never' && !session.problem;
    signedIn = lost || session.state !== 'signed-out';
    return lost ? { ...session, problem: { code: 'store-cleared' } } : session;
  };
  const showSnapshot = (snapshot: Snapshot): void => {
    realtime.updateSession(snapshot.session);
    const view = explained(snapshot.session);
    if (hostBuild.state === 'unknown') hostBuild = { state: 'known', firstBuild: snapshot.build };
    store.set(view === snapshot.session ? snapshot : { ...snapshot, session: view });
  };
  const welcomed = (): void => {
    realtime.welcomed();
    settle();
    // the page that saw the network go may have gone before it told, and a worker is not told by the browser
    if (!navigator.onLine) void transport.api.nudge('offline');
  };
  const incompatible = (): void => {
    hostBuild = { state: 'incompatible' };
    settle();
  };
  const realtime = createRealtime(transport.api.publish, (message) => attachment.post(message), publicClass);
  const { topics, portOpened, receive, receiveBatch } = realtime;
  const page = { showSnapshot, welcomed, incompatible, topics, portOpened, receive, receiveBatch };
  const attachment = createAttachment(transport, { id: tab, visible: isVisible, ...page }, ending.signal);
  const life = {
    hide: () => {
      attachment.detach();
      // whoever comes back to this page may be somebody else: until the host has said so, nobody is known
      store.set({ ...store.get(), session: { state: 'starting' } });
    },
    restored: () => attachment.attach('restored'),
    visible: (visible: boolean) => attachment.post({ type: 'visible', visible }),
    // an answer that reaches a page in the back-forward cache drops it from there (measured: `visibilitychange`
    // comes after `pagehide`)
    nudge: (cause: NudgeCause) => attachment.isDetached() || void transport.api.nudge(cause),
  };
  observePage(life, ending.signal);
  attachment.attach(arrivalOf());

  return {
    transport,
    store,
    realtime,
    ready,
    showSnapshot,
    outdated: () =>
      hostBuild.state === 'incompatible' ||
      transport.isBypassed() ||
      (hostBuild.state === 'known' && isOutdated(build, hostBuild.firstBuild, store.get().build)),
    close: () => {
      attachment.detach();
      ending.abort();
      realtime.close();
    },
  };
};
