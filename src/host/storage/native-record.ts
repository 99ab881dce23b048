import { isObject, numberAt, own, parseJson, stringAt } from '../../protocol/schema/json.ts';
import type { SessionRow } from './database.ts';

/*
 * A sealed row as text, for a native store such as a keychain. It holds what the disk holds: without the key it does
 * not open.
 */

const encode = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

const decode = (value: string | undefined): Uint8Array<ArrayBuffer> | undefined => {
  if (value === undefined) return undefined;
  try {
    return Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
};

export const packRow = ({ generation, sealed }: SessionRow): string =>
  JSON.stringify({
    v: 1,
    generation,
    key: sealed.key,
    iv: encode(sealed.iv),
    data: encode(new Uint8Array(sealed.data)),
  });

/** `undefined` for any value that `packRow` did not make: keychains answer `undefined`, `null` or `""` on failure. */
export const unpackRow = (record: unknown): SessionRow | undefined => {
  const value = typeof record === 'string' ? parseJson(record) : undefined;
  if (!isObject(value) || own(value, 'v') !== 1) return undefined;
  const generation = numberAt(value, 'generation');
  const key = stringAt(value, 'key');
  const iv = decode(stringAt(value, 'iv'));
  const data = decode(stringAt(value, 'data'));
  return generation !== undefined && key !== undefined && iv && data
    ? { generation, sealed: { key, iv, data: data.buffer } }
    : undefined;
};
