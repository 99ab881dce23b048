import type { NudgeCause } from '../protocol/bridge/calls.ts';
import type { Problem } from '../protocol/problem.ts';
import type { SessionView, Snapshot } from '../protocol/snapshot.ts';
import { createAttachment, type TabHandlers } from './connection/attachment.ts';
import { arrivalOf, isVisible, type TabGreeting } from './connection/greeting.ts';
import { observePage } from './connection/page-lifecycle.ts';
import type { createRealtime, Realtime } from './realtime/realtime.ts';
import { createSnapshotStore, startingSnapshot, withoutHost, type SnapshotStore } from './connection/snapshot-store.ts';
import type { Transport } from './connection/transport.ts';
import type { SocketClass } from './types/types.ts';

export type Client = {
  readonly transport: Transport;
  readonly store: SnapshotStore;
  readonly realtime: Realtime;
  /** Resolves when the host has welcomed this page, or when its protocol is incompatible. */
  readonly ready: Promise<true>;
  /** The session that this page shows, where the origin has several. */
  shown(): string | undefined;
  /** Shows a snapshot that came in the result of a call. */
  showSnapshot(snapshot: Snapshot): void;
  /** Whether this page should reload. */
  outdated(): boolean;
  close(): void;
};

export type ClientOptions = {
  transport: Transport;
  tab: string;
  /** The session that this page stays with. Absent: the one that is shown. */
  session: string | undefined;
  /** The page's own build, or ''. */
  build: string;
  /** Of the shared socket's code, which loads beside this one. */
  createRealtime: typeof createRealtime;
  /** The page has introduced itself already. Absent: it has gone away since, and came back. */
  greeting: TabGreeting | undefined;
  /** The class of its sockets. */
  publicClass: SocketClass;
};

const NO_SESSIONS: Problem = { code: 'unsupported', detail: 'config.sessions' };

/** What this page knows of the host's build. */
type HostBuild = { state: 'unknown' } | { state: 'known'; firstBuild: string } | { state: 'incompatible' };

/**
 * Whether the active worker has another build than this page, and than the first worker that this page met. `page` is
 * the build in `<meta name="build">`, `first` that of the first worker. A page that is newer than its worker gains
 * nothing from a reload.
 */
const isOutdated = (page: string, first: string, now: string): boolean => now !== first && now !== page;

/** Connects the parts of a page to the host that it has greeted. */
export const createClient = (options: ClientOptions): Client => {
  const { transport, tab, session: ownSession, build, greeting, publicClass } = options;
  const store = createSnapshotStore(startingSnapshot('service-worker', navigator.onLine));
  const ending = new AbortController();
  let hostBuild: HostBuild = { state: 'unknown' };
  let settle = (): void => {};
  const ready = new Promise<true>((resolve) => {
    settle = () => resolve(true);
  });

  let signedIn = false;
  /** A worker without a record reports that no one ever signed in. This page knows whether that is true. */
  const explained = (session: SessionView): SessionView => {
    if (session.state === 'starting') return session;
    const lost = signedIn && session.state === 'signed-out' && session.reason === 'never' && !session.problem;
    const isHere = session.state !== 'signed-out';
    // Otherwise the browser may evict the session (https://storage.spec.whatwg.org/#persistence). Insecure contexts lack it.
    if (isHere && !signedIn) void (navigator as Partial<Navigator>).storage?.persist();
    signedIn = lost || isHere;
    return lost ? { ...session, problem: { code: 'store-cleared' } } : session;
  };
  let name: string | undefined;
  const showSnapshot = (of: Snapshot): void => {
    const given = transport.seen?.(of) ?? of;
    // A worker without `sessions` in its configuration has one session for all tabs.
    const isOther = ownSession !== undefined && (given.sessionName ?? '') !== ownSession;
    const snapshot: Snapshot = isOther
      ? { ...given, session: { state: 'signed-out', reason: 'never', problem: NO_SESSIONS } }
      : given;
    const { sessionName = '' } = snapshot;
    // A page that was in the back-forward cache during a switch learns of it here.
    if (name !== undefined && name !== sessionName) realtime.switchSession();
    name = sessionName;
    realtime.updateSession(snapshot.session);
    const view = explained(snapshot.session);
    if (hostBuild.state === 'unknown') hostBuild = { state: 'known', firstBuild: snapshot.build };
    store.set(view === snapshot.session ? snapshot : { ...snapshot, session: view });
  };
  const welcomed = (): void => {
    realtime.welcomed();
    settle();
    // The page that saw the network go may be gone already, and a worker gets no `offline` event.
    if (navigator.onLine !== store.get().online) void transport.api.nudge(navigator.onLine ? 'online' : 'offline');
  };
  /** Nothing is known before the first welcome. */
  const shown = (): string | undefined => {
    const { session, sessionName = '' } = store.get();
    return ownSession ?? (session.state === 'starting' ? undefined : sessionName);
  };
  /** Nothing of the former session stays, and no answer to it counts. */
  const switched = (): void => {
    realtime.switchSession();
    signedIn = false;
    name = undefined;
    store.set({ ...store.get(), session: { state: 'starting' }, sockets: {} });
  };
  const unanswered = (): void => store.set(withoutHost(store.get()));
  const incompatible = (): void => {
    hostBuild = { state: 'incompatible' };
    settle();
  };
  const page: TabHandlers = {
    ...{ id: tab, visible: isVisible, showSnapshot, welcomed, unanswered, incompatible, switched },
    session: () => ({ session: shown(), follows: ownSession === undefined }),
    topics: () => realtime.topics(),
    portOpened: () => realtime.portOpened(),
    receive: (frame) => realtime.receive(frame),
    receiveBatch: (batch) => realtime.receiveBatch(batch),
  };
  const attachment = createAttachment(transport, page, ending.signal);
  const { api } = transport;
  const realtime = options.createRealtime(api.publish, (message) => attachment.post(message), publicClass);
  const close = (): void => {
    attachment.detach();
    attachment.release();
    ending.abort();
    realtime.close();
  };
  const life = {
    hide: () => {
      realtime.hurry(true);
      attachment.detach();
      // Another user may come back to this page: it shows no session until the host sends one.
      store.set({ ...store.get(), session: { state: 'starting' } });
    },
    frozen: attachment.release,
    restored: () => {
      realtime.hurry(false);
      attachment.attach('restored');
    },
    visible: (visible: boolean) => {
      realtime.hurry(!visible);
      attachment.post({ type: 'visible', visible });
    },
    // A message to a page in the back-forward cache evicts it (measured: `visibilitychange` comes after `pagehide`).
    nudge: (cause: NudgeCause) => attachment.isDetached() || void transport.api.nudge(cause),
  };
  observePage(life, ending.signal);
  attachment.attach(arrivalOf(), greeting);
  if (greeting && greeting.visible !== isVisible()) life.visible(isVisible());

  return {
    transport,
    store,
    realtime,
    ready,
    shown,
    showSnapshot,
    outdated: () =>
      hostBuild.state === 'incompatible' ||
      transport.isBypassed() ||
      (hostBuild.state === 'known' && isOutdated(build, hostBuild.firstBuild, store.get().build)),
    close,
  };
};
