import type { NudgeCause } from '../protocol/bridge.ts';
import type { SessionView, Snapshot } from '../protocol/snapshot.ts';
import { createAttachment } from './connection/attachment.ts';
import { arrivalOf, isVisible, watchPage } from './connection/page-lifecycle.ts';
import type { createRealtime, Realtime } from './realtime/realtime.ts';
import { createSnapshotStore, startingSnapshot, type SnapshotStore } from './connection/snapshot-store.ts';
import type { Transport } from './connection/transport.ts';
import type { SocketClass } from './types/types.ts';
import { isOutdated } from './connection/worker-update.ts';

export type Wiring = {
  readonly transport: Transport;
  readonly store: SnapshotStore;
  readonly realtime: Realtime;
  /** Resolves when the host has welcomed this page, or turned out to speak a protocol that this page does not. */
  readonly met: Promise<true>;
  /** A snapshot that came as an answer, not by the port. */
  show(snapshot: Snapshot): void;
  /** Whether this page should be loaded anew. */
  outdated(): boolean;
  close(): void;
};

export type WiringOptions = {
  transport: Transport;
  tab: string;
  /** The page's own build, or ''. */
  build: string;
  createRealtime: typeof createRealtime;
  /** The class of its sockets. */
  face: SocketClass;
};

/** What this page knows of the host's build. */
type Acquaintance = { name: 'none' } | { name: 'met'; firstBuild: string } | { name: 'stranger' };

/** Ties the parts of a page to a host and greets it. */
export const wire = ({ transport, tab, build, createRealtime, face }: WiringOptions): Wiring => {
  const store = createSnapshotStore(startingSnapshot('service-worker', navigator.onLine));
  const ending = new AbortController();
  let acquaintance: Acquaintance = { name: 'none' };
  let meet = (): void => {};
  const met = new Promise<true>((resolve) => {
    meet = () => resolve(true);
  });

  let signedIn = false;
  /** A worker that finds nothing says that nobody ever was signed in; this page knows better. */
  const explained = (session: SessionView): SessionView => {
    if (session.state === 'starting') return session;
    const lost = signedIn && session.state === 'signed-out' && session.reason === 'never' && !session.problem;
    signedIn = lost || session.state !== 'signed-out';
    return lost ? { ...session, problem: { code: 'store-cleared' } } : session;
  };
  const show = (snapshot: Snapshot): void => {
    realtime.follow(snapshot.session);
    const view = explained(snapshot.session);
    if (acquaintance.name === 'none') acquaintance = { name: 'met', firstBuild: snapshot.build };
    store.set(view === snapshot.session ? snapshot : { ...snapshot, session: view });
  };
  const welcomed = (): void => {
    realtime.welcomed();
    meet();
    // the page that saw the network go may have gone before it told, and a worker is not told by the browser
    if (!navigator.onLine) void transport.api.nudge('offline');
  };
  const stranger = (): void => {
    acquaintance = { name: 'stranger' };
    meet();
  };
  const realtime = createRealtime(transport.api.publish, (message) => attachment.post(message), face);
  const { topics, greeted, receive, hear } = realtime;
  const tabFace = { id: tab, visible: isVisible, topics, greeted, show, welcomed, receive, hear, stranger };
  const attachment = createAttachment(transport, tabFace, ending.signal);
  const life = {
    hide: () => {
      attachment.leave();
      // whoever comes back to this page may be somebody else: until the host has said so, nobody is known
      store.set({ ...store.get(), session: { state: 'starting' } });
    },
    restored: () => attachment.attach('restored'),
    visible: (visible: boolean) => attachment.post({ type: 'visible', visible }),
    // an answer that reaches a page in the back-forward cache drops it from there (measured: `visibilitychange`
    // comes after `pagehide`)
    nudge: (cause: NudgeCause) => attachment.away() || void transport.api.nudge(cause),
  };
  watchPage(life, ending.signal);
  attachment.attach(arrivalOf());

  return {
    transport,
    store,
    realtime,
    met,
    show,
    outdated: () =>
      acquaintance.name === 'stranger' ||
      transport.isPassedBy() ||
      (acquaintance.name === 'met' && isOutdated(build, acquaintance.firstBuild, store.get().build)),
    close: () => {
      attachment.leave();
      ending.abort();
      realtime.close();
    },
  };
};
