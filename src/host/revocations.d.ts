import type { Session } from '../core/session-types.ts';
import { type Disk } from './database.ts';
import type { Sealer } from './seal.ts';
import type { Clock } from './types.ts';
/** Sessions that have ended here, and that a server does not know of yet (RFC 7009; it may take until we are online). */
export type Revocations = {
    add(session: Session): Promise<void>;
    /** Asks for all that are left; what fails stays for the next time. */
    run(): Promise<void>;
};
export declare const createRevocations: (disk: Disk, sealer: Sealer, clock: Clock, revoke: (session: Session) => Promise<boolean>) => Revocations;
