import { PRINCIPAL, type Principal, type SessionRevocations } from '../http/principal.ts';
import { digest, randomId } from '../base/crypto.ts';
import type { Stats } from '../base/stats.ts';
import type { Storage } from '../storage/storage.ts';

/** What a ticket opens. A ticket for one use is invalid for any other. */
export type TicketUse = 'socket' | 'events';

export type Tickets = {
  mint(use: TicketUse, principal: Principal, ttlMs: number): Promise<string>;
  /** Consumes the ticket: of two callers at the same time, one gets the principal. */
  redeem(use: TicketUse, ticket: string): Promise<Principal | undefined>;
};

const keyOf = (use: TicketUse, ticket: string): string => `ticket/${use}/${digest(ticket)}`;

export const createTicketStore = (
  { store, once }: Pick<Storage, 'store' | 'once'>,
  stats: Stats,
  revocations: Pick<SessionRevocations, 'isRevoked'>,
): Tickets => ({
  async mint(use, principal, ttlMs) {
    const ticket = randomId();
    await store.put(keyOf(use, ticket), principal, { ttlMs });
    stats.ticketsMinted += 1;
    return ticket;
  },
  async redeem(use, ticket) {
    const principal = PRINCIPAL.read(await once.redeem(keyOf(use, ticket)));
    if (principal) stats.ticketsUsed += 1;
    return principal && !(await revocations.isRevoked(principal.session)) ? principal : undefined;
  },
});
