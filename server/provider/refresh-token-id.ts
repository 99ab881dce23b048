import type { Keyring } from '../storage/storage.ts';
import { hmac, randomId, timingSafeEquals } from '../base/crypto.ts';

/** `rotations`: how often the tokens of the grant were exchanged before this one was issued. */
export type RefreshTokenOrigin = { grantId: string; rotations: number };

/**
 * Ids of the provider's refresh tokens. They are signed, so that a token which the store does not know proves that the
 * store is older than the token. The random part keeps the tokens of two parallel exchanges apart.
 */
export type RefreshTokenIds = {
  create(origin: RefreshTokenOrigin): string;
  /** `undefined`: not signed by this server, or an id of a server before 0.2. */
  read(id: string): RefreshTokenOrigin | undefined;
};

const ID = /^(pr_([\w-]{1,64})\.(\d{1,15})\.[\w-]{22})\.([\w-]{43})$/;
const RANDOM_BYTES = 16;

export const createRefreshTokenIds = (keys: Keyring): RefreshTokenIds => {
  const sign = (text: string, key = keys()[0]): string => hmac(key, `provider refresh ${text}`);
  return {
    create({ grantId, rotations }) {
      const text = `pr_${grantId}.${rotations}.${randomId(RANDOM_BYTES)}`;
      return `${text}.${sign(text)}`;
    },
    read(id) {
      const [, text, grantId, rotations, signature] = ID.exec(id) ?? [];
      if (text === undefined || grantId === undefined || signature === undefined) return undefined;
      const isSigned = keys().some((key) => timingSafeEquals(sign(text, key), signature));
      return isSigned ? { grantId, rotations: Number(rotations) } : undefined;
    },
  };
};
