import type { Snapshot } from '../../protocol/snapshot.ts';
import { PROTOCOL } from '../../protocol/version.ts';

export type SnapshotStore = {
  get(): Snapshot;
  set(snapshot: Snapshot): void;
  /** Calls `listener` with the snapshot at once and then on every change; gives back its own cancellation. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
};

/** What is known before the first word of a worker: nothing, so that neither app nor login page is shown. */
export const startingSnapshot = (host: Snapshot['worker']['host'], online: boolean): Snapshot => ({
  protocol: PROTOCOL,
  build: '',
  worker: { id: '', startedAt: 0, host },
  durability: 'disk',
  tier: 'compatible',
  signInKinds: [],
  online,
  session: { state: 'starting' },
  sockets: {},
  tabs: 1,
  kept: { since: 0, reloads: 0, workerRestarts: 0, networkLosses: 0, refreshes: 0 },
});

/** No host has answered this page, so what the last one said of its sockets is no longer true. */
export const withoutHost = (snapshot: Snapshot): Snapshot => {
  const lost = { state: 'resting', problem: { code: 'no-worker', detail: 'no answer to the greeting' } } as const;
  const sockets = Object.entries(snapshot.sockets).map(([url, view]) => [url, { ...view, ...lost }] as const);
  return { ...snapshot, sockets: Object.fromEntries(sockets) };
};

const notify = (listener: (snapshot: Snapshot) => void, snapshot: Snapshot): void => {
  try {
    listener(snapshot);
  } catch (error) {
    // The window reports the error of one listener. The other listeners still get the snapshot.
    queueMicrotask(() => {
      throw error;
    });
  }
};

export const createSnapshotStore = (first: Snapshot): SnapshotStore => {
  let current = first;
  const listeners = new Set<(snapshot: Snapshot) => void>();
  return {
    get: () => current,
    set: (snapshot) => {
      // One function builds all snapshots, so equal ones have equal JSON.
      if (JSON.stringify(snapshot) === JSON.stringify(current)) return;
      current = snapshot;
      for (const listener of [...listeners]) notify(listener, snapshot);
    },
    subscribe: (listener) => {
      const entry = (snapshot: Snapshot) => listener(snapshot);
      listeners.add(entry);
      notify(entry, current);
      return () => void listeners.delete(entry);
    },
  };
};
