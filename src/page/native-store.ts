import type { KeeperApi } from '../protocol/bridge/bridge.ts';
import type { SessionView, Snapshot } from '../protocol/snapshot.ts';
import type { NativeState, NativeStore } from './types/types.ts';
import { withDeadline } from '../protocol/timing/timer.ts';
import type { Client } from './client.ts';

/** A keychain may ask the user, and may never answer. */
const CALL_DEADLINE_MS = 3_000;

export type NativeCopy = {
  readonly state: NativeState;
  /** Offers the copy to a worker without a session. Resolves with whether the worker accepted it. */
  restore(first: Snapshot): Promise<boolean>;
  /** Call it with each snapshot. */
  update(snapshot: Snapshot): void;
};

const NOTHING = 'nothing';

const isRecord = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Changes whenever the session's record does. */
const versionOf = (session: SessionView): string | undefined =>
  session.state === 'active' ? JSON.stringify([session.user, session.accessIssuedAt, session.verifiedAt]) : undefined;

/**
 * Keeps a sealed copy of the session in a native store: best effort, and never the only copy. A bridge without a native
 * side answers `undefined`, so a save counts only when the store returns the same string.
 */
export const createNativeCopy = (
  store: NativeStore,
  { backup, restore }: Pick<KeeperApi, 'backup' | 'restore'>,
  deadlineMs = CALL_DEADLINE_MS,
): NativeCopy => {
  let state: NativeState = 'working';
  /** The version of the session that the store should hold, or nothing after a sign-out. */
  let wanted = '';
  let saved = '';
  let task: Promise<void> = Promise.resolve();

  /** Resolves with `undefined` on any error. A native call may throw before it returns a promise. */
  const attempt = (call: () => Promise<unknown>): Promise<unknown> =>
    withDeadline(Promise.resolve().then(call), deadlineMs, undefined).catch(() => undefined);

  const save = async (): Promise<void> => {
    // Several saves that waited for a slow one become one.
    if (wanted === saved || wanted === NOTHING) return;
    saved = wanted;
    const record = await backup();
    if (!record.ok || !isRecord(record.value)) return;
    const { value } = record;
    await attempt(() => store.save(value));
    state = (await attempt(() => store.load())) === value ? 'working' : 'failed';
  };

  const clear = async (): Promise<void> => {
    saved = NOTHING;
    await attempt(() => store.clear());
    if (isRecord(await attempt(() => store.load()))) state = 'failed';
  };

  return {
    get state() {
      return state;
    },
    restore: async ({ session }) => {
      if (session.state !== 'signed-out' || session.reason !== 'never') return false;
      const record = await attempt(() => store.load());
      return isRecord(record) && (await restore(record)).ok;
    },
    update: ({ session }) => {
      const next = session.state === 'signed-out' && session.reason === 'user' ? NOTHING : versionOf(session);
      if (next === undefined || next === wanted) return;
      wanted = next;
      task = task.then(next === NOTHING ? clear : save);
    },
  };
};

/** Offers the copy and then keeps it, for as long as the page is there. */
export const startNativeCopy = async (
  native: NativeStore,
  { transport, store, showSnapshot }: Client,
): Promise<NativeCopy> => {
  const copy = createNativeCopy(native, transport.api);
  if (await copy.restore(store.get())) {
    const after = await transport.api.snapshot();
    if (after.ok) showSnapshot(after.value);
  }
  store.subscribe(copy.update);
  return copy;
};
