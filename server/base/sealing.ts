import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** The nonce of AES-GCM (NIST SP 800-38D §8.2.2), and its tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = 'sealed.1.';

export const isSealed = (text: string): boolean => text.startsWith(PREFIX);

/** Encrypts and authenticates a text. `use`: what the text is, so that no sealed text passes for another one. */
export const seal = (key: Buffer, use: string, text: string): string => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(use));
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return PREFIX + sealed.toString('base64url');
};

/** `undefined`: sealed with another key, for another use, or damaged. */
export const unseal = (key: Buffer, use: string, sealed: string): string | undefined => {
  if (!isSealed(sealed)) return undefined;
  const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(use)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
};
