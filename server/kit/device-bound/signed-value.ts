import { hmac, randomId, timingSafeEquals } from '../../base/crypto.ts';
import type { Keyring } from '../../storage/storage.ts';

/** What a value is for. One that was made for another use does not verify. */
export type Purpose = 'register' | 'renew' | 'cookie';

export type SignedValue = { id: string; expiresAt: number };

const NONCE_BYTES = 16;
const SHAPE = /^([\w-]{43})\.([0-9a-z]{1,11})\.([\w-]{22})\.([\w-]{43})$/;

const macOf = (key: Buffer, purpose: Purpose, text: string): string => hmac(key, `${purpose}:${text}`);

/** Makes a value that only the holder of these keys can make. The store keeps no row for it. */
export const signValue = (keys: Keyring, purpose: Purpose, { id, expiresAt }: SignedValue): string => {
  const text = `${id}.${expiresAt.toString(36)}.${randomId(NONCE_BYTES)}`;
  return `${text}.${macOf(keys()[0], purpose, text)}`;
};

/** `undefined`: this server did not make the value for this purpose. The caller compares `expiresAt` with its clock. */
export const readValue = (keys: Keyring, purpose: Purpose, value: string): SignedValue | undefined => {
  const [, id, expiry, nonce, mac] = SHAPE.exec(value) ?? [];
  if (id === undefined || expiry === undefined || nonce === undefined || mac === undefined) return undefined;
  const text = `${id}.${expiry}.${nonce}`;
  const isOurs = keys().some((key) => timingSafeEquals(mac, macOf(key, purpose, text)));
  return isOurs ? { id, expiresAt: Number.parseInt(expiry, 36) } : undefined;
};
