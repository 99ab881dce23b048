import { isObject, numberAt, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';
import { hmac, randomId, timingSafeEquals } from '../base/crypto.ts';
import type { Keyring } from '../storage/storage.ts';
import { unavailable, type Reply } from './engine/client.ts';

/** What the engine is. `empty`: nothing says that it is the store of this fleet. `foreign`: it is that of another one. */
export type StoreState = 'unknown' | 'ours' | 'empty' | 'foreign' | 'newer';

export type Identity = {
  readonly state: StoreState;
  /** Reads the identity. Rejects unless the store is ours. */
  require(): Promise<void>;
  /** The same, and takes over an empty store. */
  adopt(): Promise<void>;
};

/** Format of the data in the engine. */
const SCHEMA = 1;

const SENTENCE: Readonly<Record<StoreState, string>> = {
  unknown: 'The store has not been looked at yet.',
  ours: 'The store is ready.',
  empty: 'The store is empty.',
  foreign: 'The store belongs to other secrets.',
  newer: 'The store was written by a newer server.',
};

/**
 * A store that lost its data must not read as "no one is signed in". So it has an identity, signed with the secrets of the
 * fleet, and no row counts as absent without it.
 */
export const createIdentity = (
  { key, ring, run }: { key: string; ring: Keyring; run: (args: readonly string[]) => Promise<Reply> },
  onChange: (state: StoreState, former: StoreState) => void,
): Identity => {
  let state: StoreState = 'unknown';
  const signed = (id: string, by: Buffer): string => hmac(by, `store ${id}`);

  const signAgain = (identity: JsonObject): void => {
    run(['SET', key, JSON.stringify(identity), 'XX']).catch(() => undefined);
  };

  const judge = (reply: Reply): StoreState => {
    const stored = typeof reply === 'string' ? parseJson(reply) : undefined;
    if (reply === null || reply === undefined) return 'empty';
    const id = isObject(stored) ? stringAt(stored, 'id') : undefined;
    const check = isObject(stored) ? stringAt(stored, 'check') : undefined;
    if (!isObject(stored) || id === undefined || check === undefined) return 'foreign';
    if ((numberAt(stored, 'schema') ?? 0) > SCHEMA) return 'newer';
    const by = ring().findIndex((each) => timingSafeEquals(signed(id, each), check));
    // Else the store would belong to no one when the former secret is removed. `XX`: never in an empty store.
    if (by > 0) signAgain({ ...stored, check: signed(id, ring()[0]) });
    return by < 0 ? 'foreign' : 'ours';
  };

  const look = async (): Promise<StoreState> => {
    const next = judge(await run(['GET', key]));
    if (next !== state) {
      const former = state;
      state = next;
      onChange(next, former);
    }
    return next;
  };

  const requireOurs = async (): Promise<void> => {
    const found = await look();
    if (found !== 'ours') throw unavailable(SENTENCE[found]);
  };

  return {
    get state() {
      return state;
    },
    require: requireOurs,
    async adopt() {
      if ((await look()) === 'empty') {
        const id = randomId(12);
        const createdAt = new Date().toISOString();
        // Of two instances that adopt at once, one writes it, and both find it.
        await run(['SET', key, JSON.stringify({ id, schema: SCHEMA, createdAt, check: signed(id, ring()[0]) }), 'NX']);
      }
      await requireOurs();
    },
  };
};
