import type { KeeperApi } from '../protocol/bridge.ts';
import type { NudgeCause } from '../protocol/bridge.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import type { Parts } from './parts.ts';
import type { SessionRuntime } from './session.ts';
import type { Sockets } from './sockets.ts';
export type ApiOptions = {
    parts: Parts;
    session: SessionRuntime;
    sockets: Promise<Sockets>;
    snapshot(): Snapshot;
    nudge(cause: NudgeCause): void;
};
/** What pages may ask. Whatever comes is looked at first; whatever goes wrong is data. */
export declare const createApi: ({ parts, session, sockets, snapshot, nudge }: ApiOptions) => KeeperApi;
