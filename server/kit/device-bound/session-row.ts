import { number, object, type Infer } from '../../../src/protocol/schema/schema.ts';
import { optional } from '../../../src/protocol/schema/schema-types.ts';
import type { Storage } from '../../storage/storage.ts';
import { DEVICE_KEY, type DeviceKey } from './device-proof.ts';

/**
 * One session and the key of its device. `enforcedFrom` (ms since the Unix epoch): from then on the session needs its bound
 * cookie. Absent: no request has brought the cookie yet.
 */
export const DEVICE_BOUND_ROW = object({ key: DEVICE_KEY, enforcedFrom: optional(number) });
export type DeviceBoundRow = Infer<typeof DEVICE_BOUND_ROW>;

/** A request that left the browser before the registration ended may arrive after one that brings the cookie. */
const IN_FLIGHT_MS = 10_000;

export type DeviceBoundRows = {
  read(id: string): Promise<DeviceBoundRow | undefined>;
  /** `false`: another key is in force. */
  register(id: string, key: DeviceKey): Promise<boolean>;
  /** The browser has brought its cookie, so it has the answer of its registration. */
  enforce(id: string, now: number): Promise<void>;
  /** The browser has proven its key: the row lives on. */
  prolong(id: string): Promise<void>;
  remove(id: string): Promise<void>;
};

/** `ttlMs`: how long a row lives without a renewal. A session whose row is gone counts as unbound. */
export const createDeviceBoundRows = ({ store }: Pick<Storage, 'store'>, ttlMs: number): DeviceBoundRows => {
  const keyOf = (id: string): string => `device-bound/${id}`;
  const change = <T>(
    id: string,
    decide: (row: DeviceBoundRow | undefined) => [T, (DeviceBoundRow | undefined)?],
  ): Promise<T> =>
    store.update([keyOf(id)], ([current]) => {
      const [result, value] = decide(DEVICE_BOUND_ROW.read(current));
      return { result, ...(value && { writes: [{ key: keyOf(id), value, ttlMs, durable: true }] }) };
    });
  return {
    read: async (id) => DEVICE_BOUND_ROW.read(await store.get(keyOf(id))),
    register: (id, key) => change(id, (row) => (row?.enforcedFrom === undefined ? [true, { key }] : [false])),
    enforce: (id, now) =>
      change(id, (row) => [
        undefined,
        row && row.enforcedFrom === undefined ? { ...row, enforcedFrom: now + IN_FLIGHT_MS } : undefined,
      ]),
    prolong: (id) => change(id, (row) => [undefined, row]),
    remove: (id) => store.delete(keyOf(id), { durable: true }),
  };
};
