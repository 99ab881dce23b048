import { isObject, numberAt, stringAt } from '../../protocol/json.ts';
import type { ProfileIdentity } from '../../protocol/frames.ts';
import type { Continuity } from '../../protocol/snapshot.ts';
import { keptSince } from '../../core/session/continuity.ts';
import { putDurably, type Disk } from './database.ts';

const HOST = 'host';
const KEPT = 'kept';

const parseIdentity = (value: unknown): ProfileIdentity | undefined => {
  if (!isObject(value)) return undefined;
  const host = stringAt(value, 'host');
  const epoch = numberAt(value, 'epoch');
  return host !== undefined && epoch !== undefined && Number.isSafeInteger(epoch) ? { host, epoch } : undefined;
};

/**
 * Who this browser profile is to the socket hub, and the next epoch: each worker start takes a higher one, so the hub
 * can tell a worker from its successor. Without a disk every start is a new host.
 * Call it when the first tab attaches, not at start: a waiting worker that takes its number early has a lower one than
 * the next start of the active worker, and the hub rejects it for good.
 */
export const takeIdentity = (disk: Disk, fresh: () => string): Promise<ProfileIdentity> =>
  disk
    .use(async (db) => {
      const tx = db.transaction('plain', 'readwrite', { durability: 'strict' });
      const former = parseIdentity(await tx.store.get(HOST));
      const identity = former ? { ...former, epoch: former.epoch + 1 } : { host: fresh(), epoch: 1 };
      await tx.store.put(identity, HOST);
      await tx.done;
      return identity;
    })
    .catch(() => ({ host: fresh(), epoch: 1 }));

const parseKept = (value: unknown): Continuity | undefined => {
  if (!isObject(value)) return undefined;
  const [since, reloads, workerRestarts, networkLosses, refreshes] = [
    'since',
    'reloads',
    'workerRestarts',
    'networkLosses',
    'refreshes',
  ].map((key) => numberAt(value, key));
  if (since === undefined) return undefined;
  return {
    since,
    reloads: reloads ?? 0,
    workerRestarts: workerRestarts ?? 0,
    networkLosses: networkLosses ?? 0,
    refreshes: refreshes ?? 0,
  };
};

export const loadKept = (disk: Disk, now: number): Promise<Continuity> =>
  disk
    .use((db) => db.get('plain', KEPT))
    .then((value) => parseKept(value) ?? keptSince(now))
    .catch(() => keptSince(now));

export const saveKept = (disk: Disk, kept: Continuity): Promise<void> =>
  disk.use((db) => putDurably(db, 'plain', KEPT, kept)).catch(() => undefined);
