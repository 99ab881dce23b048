import { isObject, numberAt, stringAt } from '../../protocol/schema/json.ts';
import { putDurably, type Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';

/** What a sign-in needs again when the person comes back from the provider. `at`: when it began. */
export type PendingSignIn = {
  state: string;
  nonce: string;
  verifier: string;
  key: string | undefined;
  returnTo: string;
  at: number;
};

export type PendingSignIns = {
  save(pending: PendingSignIn): Promise<void>;
  /** Removes it: a second use of the same `state` finds nothing. */
  take(state: string | null): Promise<PendingSignIn | undefined>;
  /** The path where that sign-in began; `/` for an unknown `state`. */
  returnTo(state: string | null): Promise<string>;
  /** Names of the DPoP keys that pending sign-ins need. */
  keys(): Promise<readonly string[]>;
};

const PREFIX = 'sign-in:';
const MAX_AGE_MS = 3_600_000;

/**
 * Only a path of this origin: any other address would make the callback an open redirector. A URL parser removes tabs
 * and line ends, so a slash after them would become the second one (https://url.spec.whatwg.org/#concept-basic-url-parser).
 */
export const safePath = (path: string | undefined): string =>
  path !== undefined && /^\/(?![/\\\s])/.test(path) ? path : '/';

const parsePending = (value: unknown): PendingSignIn | undefined => {
  if (!isObject(value)) return undefined;
  const [state, nonce, verifier] = ['state', 'nonce', 'verifier'].map((key) => stringAt(value, key));
  const at = numberAt(value, 'at');
  if (state === undefined || nonce === undefined || verifier === undefined || at === undefined) return undefined;
  return { state, nonce, verifier, at, key: stringAt(value, 'key'), returnTo: safePath(stringAt(value, 'returnTo')) };
};

export const createPendingSignIns = (disk: Disk, sealer: Sealer, now: () => number): PendingSignIns => {
  const find = async (key: string): Promise<PendingSignIn | undefined> => {
    const sealed = await disk.use((db) => db.get('sealed', key));
    const pending = sealed && parsePending(await sealer.open(sealed, key).catch(() => undefined));
    return pending && now() - pending.at < MAX_AGE_MS ? pending : undefined;
  };
  const names = (): Promise<string[]> =>
    disk.use((db) => db.getAllKeys('sealed', IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`)));

  return {
    async save(pending) {
      const key = PREFIX + pending.state;
      const sealed = await sealer.seal(pending, key);
      await disk.use((db) => putDurably(db, 'sealed', key, sealed));
    },
    async take(state) {
      if (state === null) return undefined;
      const pending = await find(PREFIX + state);
      await disk.use((db) => db.delete('sealed', PREFIX + state));
      return pending;
    },
    async returnTo(state) {
      return (state === null ? undefined : (await find(PREFIX + state))?.returnTo) ?? '/';
    },
    async keys() {
      const found = await Promise.all((await names()).map(find));
      return found.flatMap((pending) => pending?.key ?? []);
    },
  };
};
