import { PROFILE_IDENTITY, type ProfileIdentity } from '../../protocol/frames.ts';
import type { Disk } from './database.ts';
import { IDENTITY_KEY } from './profile-identity.ts';
import { newId } from '../../protocol/ids.ts';

/**
 * Another worker with the name of this profile has a higher fence at the hub. This profile may have no such worker: then the
 * profile was copied (a cloned machine, a restored image), and the other worker belongs to the copy. Both must have live
 * updates, so this one draws a new name. Changes `mine` and returns `true` then.
 */
export const leaveOtherLineage = (disk: Disk, mine: ProfileIdentity): Promise<boolean> =>
  disk
    .use(async (db) => {
      const tx = db.transaction('plain', 'readwrite', { durability: 'strict' });
      const newest = PROFILE_IDENTITY.read(await tx.store.get(IDENTITY_KEY));
      const isNewest = newest?.host === mine.host && newest.epoch === mine.epoch;
      const next: ProfileIdentity = { host: newId(), epoch: 1 };
      if (isNewest) await tx.store.put(next, IDENTITY_KEY);
      await tx.done;
      if (isNewest) Object.assign(mine, next);
      return isNewest;
    })
    .catch(() => false);
