import { isObject, numberAt, stringAt } from '../../protocol/json.ts';
import { putDurably, type Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';

/** What a sign-in must remember while the person is at the provider. */
export type PendingSignIn = {
  state: string;
  nonce: string;
  verifier: string;
  key: string | undefined;
  returnTo: string;
  at: number;
};

export type PendingSignIns = {
  keep(pending: PendingSignIn): Promise<void>;
  /** Once only: a second use of the same `state` finds nothing. */
  take(state: string | null): Promise<PendingSignIn | undefined>;
  /** Where that sign-in was begun; `/` for a `state` that nobody here asked for. */
  returnTo(state: string | null): Promise<string>;
  /** Names of the DPoP keys that sign-ins under way will need. */
  keys(): Promise<readonly string[]>;
};

const PREFIX = 'sign-in:';
const OLDEST_MS = 3_600_000;

/**
 * Only a path of this origin: an address taken from elsewhere would make the callback an open redirector. Tabs and line
 * ends are nothing to a URL parser, so that one slash after them would be the second (https://url.spec.whatwg.org).
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
    return pending && now() - pending.at < OLDEST_MS ? pending : undefined;
  };
  const names = (): Promise<string[]> =>
    disk.use((db) => db.getAllKeys('sealed', IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`)));

  return {
    async keep(pending) {
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
