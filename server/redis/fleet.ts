import type { Fleet } from '../storage/storage.ts';
import { listOf } from './engine/client.ts';
import type { Engine } from './engine/engine.ts';
import type { Keys } from './engine/keys.ts';
import { RENEW_LEASE } from './engine/scripts.ts';

export type LeasedFleet = Fleet & {
  renew(): Promise<void>;
  /** Ends the lease of this instance. */
  leave(): Promise<void>;
};

const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 5_000;

/** Each instance holds a lease. One that dies loses it by itself. */
export const createFleet = ({ engine, keys, id }: { engine: Engine; keys: Keys; id: string }): LeasedFleet => {
  const key = keys.of('instances');
  let members: ReadonlySet<string> = new Set([id]);
  const renew = async (): Promise<void> => {
    const reply = await engine.script(RENEW_LEASE, [key], [id, String(LEASE_MS)]);
    const found = new Set([id, ...listOf(reply).map(String)]);
    // The same set as long as its members are the same: others notice a change by it.
    if (found.size !== members.size || [...found].some((each) => !members.has(each))) members = found;
  };
  const timer = setInterval(() => void renew().catch(() => undefined), RENEW_EVERY_MS);
  return {
    id,
    members: () => members,
    async isAlive(other) {
      if (!members.has(other)) await renew();
      return members.has(other);
    },
    renew,
    async leave() {
      clearInterval(timer);
      await engine.script(RENEW_LEASE, [key], [id, '0']).catch(() => undefined);
    },
  };
};
