import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Store } from './store.ts';

const SECRET_BYTES = 32;

export const randomId = (bytes = SECRET_BYTES): string => randomBytes(bytes).toString('base64url');

/** SHA-256. The store has only digests of tokens, so that a stolen disk contains no usable token. */
export const digest = (value: string): string => createHash('sha256').update(value).digest('base64url');

export const hmac = (key: Buffer, value: string): string => createHmac('sha256', key).update(value).digest('base64url');

/** Compares in a time that does not depend on where the strings differ. */
export const timingSafeEquals = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

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

/** 32 random bytes that survive restarts. */
export const loadOrCreateKey = async (store: Store, name: string): Promise<Buffer> =>
  Buffer.from(await loadOrCreateSecret(store, name, randomId), 'base64url');
