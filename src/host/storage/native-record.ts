import { parseJson } from '../../protocol/schema/json.ts';
import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { oneOf } from '../../protocol/schema/schema-types.ts';
import type { SessionRow } from './session-row.ts';

/*
 * A sealed row as text, for a native store such as a keychain. It holds what the disk holds: without the key it does
 * not open.
 */

export const NATIVE_VERSION = 1;
export const NATIVE_ROW = object({
  v: oneOf(NATIVE_VERSION),
  generation: number,
  key: string,
  iv: string,
  data: string,
});

const encode = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

const decode = (value: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    return Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
};

export const packRow = ({ generation, sealed }: SessionRow): string => {
  const row: Infer<typeof NATIVE_ROW> = {
    v: NATIVE_VERSION,
    generation,
    key: sealed.key,
    iv: encode(sealed.iv),
    data: encode(new Uint8Array(sealed.data)),
  };
  return JSON.stringify(row);
};

/** `undefined` for any value that `packRow` did not make: keychains answer `undefined`, `null` or `""` on failure. */
export const unpackRow = (record: unknown): SessionRow | undefined => {
  const row = typeof record === 'string' ? NATIVE_ROW.read(parseJson(record)) : undefined;
  const iv = row && decode(row.iv);
  const data = row && decode(row.data);
  return iv && data && { generation: row.generation, sealed: { key: row.key, iv, data: data.buffer } };
};
