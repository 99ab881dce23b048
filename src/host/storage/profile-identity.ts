import { PROFILE_IDENTITY, type ProfileIdentity } from '../../protocol/frames.ts';
import type { Disk } from './database.ts';
import { newId } from '../../protocol/ids.ts';

/** Key of the identity in the store `plain`. */
export const IDENTITY_KEY = 'host';

/**
 * The name of this browser profile on the socket hub, and the next fence (`epoch` on the wire and on the disk). Each
 * worker start takes a higher fence, and the hub rejects a worker with a lower one. Without a disk each start has a
 * new name.
 *
 * Call it when the first tab attaches, not at start. A waiting worker that takes its fence early has a lower one than
 * the next start of the active worker. The hub would then reject it for good.
 */
export const takeIdentity = (disk: Disk): Promise<ProfileIdentity> => {
  const first = { host: newId(), epoch: 1 };
  return disk
    .use(async (db) => {
      const tx = db.transaction('plain', 'readwrite', { durability: 'strict' });
      const former = PROFILE_IDENTITY.read(await tx.store.get(IDENTITY_KEY));
      const identity = former ? { ...former, epoch: former.epoch + 1 } : first;
      await tx.store.put(identity, IDENTITY_KEY);
      await tx.done;
      return identity;
    })
    .catch(() => first);
};
