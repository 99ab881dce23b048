import { exportJWK, generateKeyPair } from 'jose';
import { isObject, parseJson, type JsonObject } from '../../src/protocol/schema/json.ts';
import { array } from '../../src/protocol/schema/schema-types.ts';
import { looseObject, type Schema } from '../../src/protocol/schema/schema.ts';
import { randomId } from '../base/crypto.ts';
import type { Store } from '../base/store.ts';
import type { InstallKey, Keyring, Secrets } from './storage.ts';

/** A session can be opened after this many key rotations. A session that no worker opened since needs a new sign-in. */
export const FORMER_INSTALL_KEYS = 2;

/** A keyring with one key. */
export const keyringOf =
  (key: Buffer): Keyring =>
  () => [key];

/**
 * A secret that the first start creates and the data folder keeps. When two starts race, both call `create` and one
 * value wins.
 */
export const loadOrCreateSecret = async (
  store: Store,
  name: string,
  create: () => string | Promise<string>,
): Promise<string> => {
  const key = `secret/${name}`;
  const stored = await store.get(key);
  if (typeof stored === 'string') return stored;
  const created = await create();
  return store.update([key], ([current]) =>
    typeof current === 'string' ? { result: current } : { result: created, writes: [{ key, value: created }] },
  );
};

const loadOrCreateKey = async (store: Store, name: string): Promise<Buffer> =>
  Buffer.from(await loadOrCreateSecret(store, name, randomId), 'base64url');

const createSigningKeys = async (): Promise<string> => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: randomId(8) }] });
};

const JWKS: Schema<{ keys: readonly JsonObject[] }> = looseObject({ keys: array(looseObject({})) });

/** The number of the newest key: the highest ever configured, so that a lost setting does not bring an old key back. */
const newestNumber = (store: Store, configured: number): Promise<number> =>
  store.update(['secret/install-key-number'], ([stored]) => {
    const newest = Math.max(configured, typeof stored === 'number' ? stored : 1);
    return { result: newest, writes: [{ key: 'secret/install-key-number', value: newest }] };
  });

const installKey = async (store: Store, number: number): Promise<InstallKey> => {
  const suffix = number === 1 ? '' : `-${number}`;
  const id = await loadOrCreateSecret(store, `install-key-id${suffix}`, () => randomId(4));
  return { id, key: await loadOrCreateKey(store, `install-key${suffix}`) };
};

/** Secrets that the first start creates, and the store keeps. They never change. */
export const createLmdbSecrets = (store: Store): Secrets => ({
  keys: async (name) => keyringOf(await loadOrCreateKey(store, name)),
  async signingKeys() {
    const stored = JWKS.read(parseJson(await loadOrCreateSecret(store, 'provider-keys', createSigningKeys)));
    if (!stored) throw new Error('The stored signing keys of the provider are damaged.');
    return stored.keys.filter(isObject);
  },
  async installKeys(number) {
    const newest = await newestNumber(store, number);
    const numbers = Array.from({ length: Math.min(newest, FORMER_INSTALL_KEYS + 1) }, (_, back) => newest - back);
    const keys = await Promise.all(numbers.map((each) => installKey(store, each)));
    return () => keys;
  },
  onChange: () => undefined,
});
