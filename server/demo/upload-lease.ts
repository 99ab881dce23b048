import { randomId } from '../base/crypto.ts';
import { StoreUnavailable, type Decision } from '../base/store.ts';
import { object, string } from '../../src/protocol/schema/schema.ts';
import { boolean, optional } from '../../src/protocol/schema/schema-types.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import type { Storage } from '../storage/storage.ts';

/**
 * Lets one instance of a fleet work on an upload at a time. A newer request gets it, and the older one is cut, as within one
 * instance.
 */
export type UploadLease = {
  /** Runs the work while this instance has the lease. Its signal aborts when another one wants it, or the store is away. */
  hold<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

/** What the store has of a lease. The row expires when its holder does not renew it. */
export const STORED_LEASE = object({ holder: string, wanted: optional(boolean) });

const LEASE_MS = 6_000;
const RENEW_EVERY_MS = 1_500;
/** Before the lease expires, so that no two instances write. */
const GIVE_UP_AFTER_MS = 4_000;
const LOOK_EVERY_MS = 100;
const MAX_LOOKS = (3 * LEASE_MS) / LOOK_EVERY_MS;
const RETRY_SECONDS = 1;
const CHANNEL = 'upload-leases';

export const createUploadLease = ({ store, bus }: Pick<Storage, 'store' | 'bus'>): UploadLease => {
  const held = new Map<string, AbortController>();
  // A message that gets lost only makes the next renewal find out.
  bus.subscribe(CHANNEL, (key) => held.get(key)?.abort()).catch(() => undefined);

  /** Takes a free lease, else leaves word that it is wanted. */
  const take = (key: string, holder: string): Promise<boolean> =>
    store.update([key], ([row]): Decision<boolean> => {
      const current = STORED_LEASE.read(row);
      if (!current) return { result: true, writes: [{ key, value: { holder }, ttlMs: LEASE_MS }] };
      // Once: the row of a holder that died must expire.
      if (current.wanted === true) return { result: false };
      return { result: false, writes: [{ key, value: { ...current, wanted: true }, ttlMs: LEASE_MS }] };
    });
  const renew = (key: string, holder: string): Promise<boolean> =>
    store.update([key], ([row]): Decision<boolean> => {
      const current = STORED_LEASE.read(row);
      if (current?.holder !== holder || current.wanted === true) return { result: false };
      return { result: true, writes: [{ key, value: current, ttlMs: LEASE_MS }] };
    });
  const release = (key: string, holder: string): Promise<void> =>
    store.update([key], ([row]): Decision<void> =>
      STORED_LEASE.read(row)?.holder === holder
        ? { result: undefined, writes: [{ key, remove: true }] }
        : { result: undefined },
    );

  const wait = async (key: string, holder: string, signal: AbortSignal): Promise<void> => {
    for (let looks = 0; looks < MAX_LOOKS && !signal.aborted; looks += 1) {
      if (await take(key, holder)) return;
      if (looks === 0) await bus.publish(CHANNEL, key).catch(() => undefined);
      await resolveAfter(LOOK_EVERY_MS);
    }
    throw new StoreUnavailable('Another instance works on this upload.', RETRY_SECONDS);
  };

  return {
    async hold(name, signal, work) {
      const key = `upload-lease/${name}`;
      const holder = randomId(9);
      await wait(key, holder, signal);
      const stop = new AbortController();
      held.set(key, stop);
      const abort = (): void => stop.abort();
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      let renewedAt = performance.now();
      const timer = setInterval(() => {
        renew(key, holder).then(
          (isMine) => {
            if (isMine) renewedAt = performance.now();
            else stop.abort();
          },
          () => performance.now() - renewedAt > GIVE_UP_AFTER_MS && stop.abort(),
        );
      }, RENEW_EVERY_MS);
      try {
        return await work(stop.signal);
      } finally {
        clearInterval(timer);
        signal.removeEventListener('abort', abort);
        if (held.get(key) === stop) held.delete(key);
        await release(key, holder).catch(() => undefined);
      }
    },
  };
};
