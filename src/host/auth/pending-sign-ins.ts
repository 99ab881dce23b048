import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { optional, withDefault } from '../../protocol/schema/schema-types.ts';
import { getSealed, putDurably, type Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';
import type { Sealed } from '../storage/first-read.ts';

/** What a sign-in needs again when the person comes back from the provider. `at`: when it began. */
export const PENDING_SIGN_IN = object({
  state: string,
  nonce: string,
  verifier: string,
  key: optional(string),
  returnTo: withDefault(string, '/'),
  /** Languages of the provider's pages (OpenID Connect Core §3.1.2.1, `ui_locales`). */
  locales: optional(string),
  at: number,
});
export type PendingSignIn = Infer<typeof PENDING_SIGN_IN>;

export type PendingSignIns = {
  save(pending: PendingSignIn): Promise<void>;
  /** Removes it: a second use of the same `state` finds nothing. Nor does one after an hour. */
  take(state: string | null): Promise<PendingSignIn | undefined>;
  /** Where that sign-in began, and whether it is too old to be completed. */
  look(state: string | null): Promise<{ returnTo: string; isOver: boolean } | undefined>;
  /** Names of the DPoP keys that pending sign-ins need. */
  keys(): Promise<readonly string[]>;
};

const PREFIX = 'sign-in:';
/** A sign-in that a host has taken. Until its session is saved, only this record names its key, also to hosts of other pages. */
const TAKEN_PREFIX = 'taken-sign-in:';
const MAX_AGE_MS = 3_600_000;
/** A browser ends an event of a worker, and so an exchange that hangs, within minutes. */
const MAX_EXCHANGE_MS = 600_000;
/** People leave the provider's page open. Then the sign-in begins again where they were. */
const MAX_ABSENCE_MS = 30 * 86_400_000;

/**
 * Only a path of this origin: any other address would make the callback an open redirector. A URL parser removes tabs
 * and line ends, so a slash after them would become the second one (https://url.spec.whatwg.org/#concept-basic-url-parser).
 */
export const safePath = (path: string | undefined, home: string): string =>
  path !== undefined && /^\/(?![/\\\s])/.test(path) ? path : home;

export type PendingSignInsOptions = { disk: Disk; sealer: Sealer; home: string; now(): number };

/** `home`: the path of the app, for a sign-in that has no other place to go on to. */
export const createPendingSignIns = ({ disk, sealer, home, now }: PendingSignInsOptions): PendingSignIns => {
  const find = async (key: string): Promise<PendingSignIn | undefined> => {
    const sealed = await getSealed(disk, key);
    const pending = sealed && PENDING_SIGN_IN.read(await sealer.open(sealed, key).catch(() => undefined));
    return pending && now() - pending.at < MAX_ABSENCE_MS
      ? { ...pending, returnTo: safePath(pending.returnTo, home) }
      : undefined;
  };
  const isOver = ({ at }: PendingSignIn): boolean => now() - at >= MAX_AGE_MS;
  const names = (prefix: string): Promise<string[]> =>
    disk.use((db) => db.getAllKeys('sealed', IDBKeyRange.bound(prefix, `${prefix}\uffff`)));

  /** Whether this caller is the one that removed it. `note` takes its place. */
  const remove = (state: string, note: Sealed | undefined): Promise<boolean> =>
    disk.use(async (db) => {
      const { store, done } = db.transaction('sealed', 'readwrite');
      const found = await store.getKey(PREFIX + state);
      if (found !== undefined) await store.delete(found);
      if (found !== undefined && note) await store.put(note, TAKEN_PREFIX + state);
      await done;
      return found !== undefined;
    });

  /** Names of the keys of sign-ins whose code is being exchanged. */
  const beingExchanged = async (): Promise<readonly string[]> => {
    const found = await names(TAKEN_PREFIX);
    const keys = found.map(async (name) => {
      const taken = await find(name);
      if (taken && now() - taken.at < MAX_EXCHANGE_MS) return taken.key ?? [];
      await disk.use((db) => db.delete('sealed', name));
      return [];
    });
    return (await Promise.all(keys)).flat();
  };

  return {
    async save(pending) {
      const key = PREFIX + pending.state;
      const sealed = await sealer.seal(pending, key);
      await disk.use((db) => putDurably(db, 'sealed', key, sealed));
    },
    async take(state) {
      if (state === null) return undefined;
      const pending = await find(PREFIX + state);
      const note = pending?.key === undefined ? undefined : { ...pending, verifier: '', at: now() };
      const sealed = note && (await sealer.seal(note, TAKEN_PREFIX + state));
      const isOurs = await remove(state, sealed);
      return isOurs && pending && !isOver(pending) ? pending : undefined;
    },
    async look(state) {
      const pending = state === null ? undefined : await find(PREFIX + state);
      return pending && { returnTo: pending.returnTo, isOver: isOver(pending) };
    },
    async keys() {
      const found = await Promise.all((await names(PREFIX)).map(find));
      const waiting = found.flatMap((pending) => (pending && !isOver(pending) ? (pending.key ?? []) : []));
      return [...waiting, ...(await beingExchanged())];
    },
  };
};
