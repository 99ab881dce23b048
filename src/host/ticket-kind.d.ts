import type { TicketConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import type { User } from '../protocol/snapshot.ts';
import { type Grants } from './grants.ts';
export type Standing = {
    is: 'verified';
    user: User;
} | {
    is: 'failed';
    problem: Problem;
};
/** An HttpOnly cookie is the session; the keeper holds nothing, and asks the backend whether it stands. */
export type TicketGrants = Grants & {
    status(): Promise<Standing>;
};
export declare const createTicketKind: (config: TicketConfig, origin: string, now: () => number) => TicketGrants;
