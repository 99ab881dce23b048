import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Store } from './store.ts';

const SECRET_BYTES = 32;

export const randomId = (bytes = SECRET_BYTES): string => randomBytes(bytes).toString('base64url');

/** Tokens are stored by their digest only, so that a stolen disk holds none. */
export const digest = (value: string): string => createHash('sha256').update(value).digest('base64url');

export const hmac = (key: Buffer, value: string): string => createHmac('sha256', key).update(value).digest('base64url');

/** Takes the same time wherever the two differ. */
export const timingSafeEquals = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/** A value that is made once and then kept for the life of the data folder; `make` may run for nothing. */
export const loadOrCreateSecret = async (
  store: Store,
  name: string,
  make: () => string | Promise<string>,
): Promise<string> => {
  const key = `secret/${name}`;
  const kept = await store.get(key);
  if (typeof kept === 'string') return kept;
  const made = await make();
  return store.update([key], ([current]) =>
    typeof current === 'string' ? { result: current } : { result: made, writes: [{ key, value: made }] },
  );
};

/** 32 random bytes that survive restarts. */
export const loadOrCreateKey = async (store: Store, name: string): Promise<Buffer> =>
  Buffer.from(await loadOrCreateSecret(store, name, randomId), 'base64url');
