import type { KeeperApi } from '../protocol/bridge/bridge.ts';
import type { SessionView, Snapshot } from '../protocol/snapshot.ts';
import type { NativeState, NativeStore } from './types/types.ts';
import { withDeadline } from '../protocol/timing/timer.ts';
import type { Client } from './client.ts';

/** A keychain may ask the person; it may also never answer. */
const CALL_DEADLINE_MS = 3_000;

export type NativeCopy = {
  readonly state: NativeState;
  /** Offers the copy to a worker that has nothing; tells whether it was taken. */
  restore(first: Snapshot): Promise<boolean>;
  /** To be told of every snapshot. */
  update(snapshot: Snapshot): void;
};

const NOTHING = 'nothing';

const isRecord = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Changes whenever the session's record does. */
const versionOf = (session: SessionView): string | undefined =>
  session.state === 'active' ? JSON.stringify([session.user, session.accessIssuedAt, session.verifiedAt]) : undefined;

/**
 * Keeps a sealed copy of the session in a native store: best effort, and never the only copy. Such a bridge answers
 * `undefined` where nobody is behind it, so a save counts only when the same string has been read back.
 */
export const createNativeCopy = (
  store: NativeStore,
  { backup, restore }: Pick<KeeperApi, 'backup' | 'restore'>,
  deadlineMs = CALL_DEADLINE_MS,
): NativeCopy => {
  let state: NativeState = 'working';
  /** What the store should hold: nothing after a sign-out, else the record of this version of the session. */
  let wanted = '';
  let saved = '';
  let task: Promise<void> = Promise.resolve();

  /** `undefined` for whatever goes wrong: a native call may throw before it gives a promise, too. */
  const attempt = (call: () => Promise<unknown>): Promise<unknown> =>
    withDeadline(Promise.resolve().then(call), deadlineMs, undefined).catch(() => undefined);

  const save = async (): Promise<void> => {
    // saves that waited behind a slow one come down to one
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
