import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { optional, withDefault } from '../../protocol/schema/schema-types.ts';
import { getSealed, putDurably, type Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';

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
/** In `plain`, under the name of the sign-in. Until its session is saved, only this names its key, also to hosts of other pages. */
export const STORED_EXCHANGE = object({ key: string, at: number });
type Exchange = Infer<typeof STORED_EXCHANGE>;
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
  const names = (store: 'sealed' | 'plain'): Promise<string[]> =>
    disk.use((db) => db.getAllKeys(store, IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`)));

  /** Whether this caller is the one that removed it. `exchange` takes its place. */
  const remove = (name: string, exchange: Exchange | undefined): Promise<boolean> =>
    disk.use(async (db) => {
      const tx = db.transaction(['sealed', 'plain'], 'readwrite');
      const found = await tx.objectStore('sealed').getKey(name);
      if (found !== undefined) await tx.objectStore('sealed').delete(name);
      if (found !== undefined && exchange) await tx.objectStore('plain').put(exchange, name);
      await tx.done;
      return found !== undefined;
    });

  /** Names of the keys of sign-ins whose code is being exchanged. */
  const beingExchanged = async (): Promise<readonly string[]> => {
    const keys = (await names('plain')).map(async (name) => {
      const exchange = STORED_EXCHANGE.read(await disk.use((db) => db.get('plain', name)));
      if (exchange && now() - exchange.at < MAX_EXCHANGE_MS) return exchange.key;
      await disk.use((db) => db.delete('plain', name));
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
      const exchange = pending?.key === undefined ? undefined : { key: pending.key, at: now() };
      const isOurs = await remove(PREFIX + state, exchange);
      return isOurs && pending && !isOver(pending) ? pending : undefined;
    },
    async look(state) {
      const pending = state === null ? undefined : await find(PREFIX + state);
      return pending && { returnTo: pending.returnTo, isOver: isOver(pending) };
    },
    async keys() {
      const found = await Promise.all((await names('sealed')).map(find));
      const waiting = found.flatMap((pending) => (pending && !isOver(pending) ? (pending.key ?? []) : []));
      return [...waiting, ...(await beingExchanged())];
    },
  };
};
