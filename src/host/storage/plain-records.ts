import { parseJson } from '../../protocol/schema/json.ts';
import { object, string, unknown } from '../../protocol/schema/schema.ts';
import type { Sealer } from './encryption.ts';

/** Names no key, so that such a record never looks like an encrypted one. */
const NO_KEY = 'none';
const PLAIN_RECORD = object({ place: string, value: unknown });
const text = new TextEncoder();

const bound = (to: string): Pick<Sealer, 'seal' | 'open'> => ({
  async seal(value, context) {
    const { buffer } = text.encode(JSON.stringify({ place: `${to}\n${context}`, value }));
    return { key: NO_KEY, iv: new Uint8Array(), data: buffer };
  },
  async open({ key, data }, context) {
    if (key !== NO_KEY) throw new DOMException(key, 'InvalidAccessError');
    const record = PLAIN_RECORD.read(parseJson(new TextDecoder().decode(data)));
    if (record?.place !== `${to}\n${context}`) throw new DOMException(context, 'OperationError');
    return record.value;
  },
});

/**
 * Records without encryption, for a page at an address that is not secure. Such a page has no WebCrypto
 * (https://w3c.github.io/webcrypto/#Crypto-interface). Page script could read an encrypted record too (tier compatible),
 * and the network reads each request.
 */
export const createPlainRecords = (deployment: string): Sealer => {
  const records: Sealer = {
    key: NO_KEY,
    ...bound(deployment),
    boundTo: (other) => ({ ...records, ...bound(other) }),
    useStored: () => undefined,
    rewrite: async () => undefined,
  };
  return records;
};
