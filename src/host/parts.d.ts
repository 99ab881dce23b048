import type { SignInKind } from '../protocol/snapshot.ts';
import type { Session } from '../core/session-types.ts';
import type { Grants } from './grants.ts';
import type { Clock, HostOptions } from './types.ts';
/** Everything that touches the disk or the token endpoints, made for one deployment. */
export declare const createParts: ({ config, origin, seal }: HostOptions, clock: Clock, worker: string) => {
    disk: import("./database.ts").Disk;
    keys: import("./dpop-keys.ts").DpopKeys;
    kinds: {
        oidc: (Grants & {
            returnTo(state: string | null): Promise<string>;
        }) | undefined;
        password: Grants | undefined;
        ticket: import("./ticket-kind.ts").TicketGrants | undefined;
    };
    grants: Partial<Record<SignInKind, Grants>>;
    store: import("./session-store.ts").SessionStore;
    revocations: import("./revocations.ts").Revocations;
    journal: import("./journal.ts").Journal;
    /** Drops the DPoP keys that neither this session nor a sign-in under way is bound to. */
    tidy(session: Session | undefined): Promise<void>;
};
export type Parts = ReturnType<typeof createParts>;
