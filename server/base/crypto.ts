import { createHash, createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

export const randomId = (bytes = SECRET_BYTES): string => randomBytes(bytes).toString('base64url');

/** SHA-256. The store has only digests of tokens, so that a stolen disk contains no usable token. */
export const digest = (value: string): string => hash('sha256', value, 'base64url');

export const hmac = (key: Buffer, value: string): string => createHmac('sha256', key).update(value).digest('base64url');

/** Compares in a time that does not depend on where the strings differ. */
export const timingSafeEquals = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
