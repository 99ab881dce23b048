import type { HostIdentity } from '../protocol/frames.ts';
import type { Kept } from '../protocol/snapshot.ts';
import { type Disk } from './database.ts';
/**
 * Who this browser profile is to the socket hub, and the next epoch: each worker start takes a higher one, so the hub
 * can tell a worker from its successor. Without a disk every start is a new host.
 */
export declare const takeIdentity: (disk: Disk, fresh: () => string) => Promise<HostIdentity>;
export declare const loadKept: (disk: Disk, now: number) => Promise<Kept>;
export declare const saveKept: (disk: Disk, kept: Kept) => Promise<void>;
