import { createTicketStore } from '../auth/tickets.ts';
import { createStats } from '../base/stats.ts';
import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import { createSessionRevocations } from '../http/principal.ts';
import type { SiteStore } from './site-store.ts';
import { principalOf, type SocketUser } from './socket-user.ts';

/** Single-use tickets, each of which opens one socket. */
export type SocketTickets = {
  /**
   * Makes a ticket for a signed-in user. The result is the JSON response of your ticket route. Throws a `TypeError` for a
   * user without `sub`.
   *
   * @example
   * import { createTickets, memoryStore } from 'session-keeper/server';
   * const tickets = createTickets({ store: memoryStore() });
   * const response = await tickets.mint({ sub: 'ann', name: 'Ann' }); // { ticket: 'x3…', expires_in: 30 }
   */
  mint(user: SocketUser): Promise<{ ticket: string; expires_in: number }>;
  /**
   * Consumes a ticket. Of two callers at the same time, one gets the user. `undefined`: it is unknown, used or expired, or
   * its session has ended. Pass it to `createHub` as `authenticate`.
   *
   * @example
   * import { createHub, createTickets, memoryStore } from 'session-keeper/server';
   * const store = memoryStore();
   * const hub = createHub({ store, authenticate: createTickets({ store }).redeem });
   */
  redeem(ticket: string): Promise<SocketUser | undefined>;
};

export type TicketOptions = {
  /** Servers that share it accept each other's tickets. */
  store: SiteStore;
  /** How long a ticket is valid (s), 1 to 300. Default 30. */
  seconds?: number;
};

/** A session end is remembered for this long, so no ticket may live longer. */
const MAX_SECONDS = Math.max(...Object.values(TICKET_SECONDS));

/**
 * Makes and redeems the tickets of sockets. Serve `mint` at the URL that the configuration names in `sockets[].ticket.url`.
 *
 * @example
 * import { createTickets, lmdbStore } from 'session-keeper/server';
 * const tickets = createTickets({ store: await lmdbStore('.data') });
 */
export const createTickets = ({ store, seconds = TICKET_SECONDS.socket }: TicketOptions): SocketTickets => {
  if (!(seconds >= 1 && seconds <= MAX_SECONDS))
    throw new RangeError(`createTickets: seconds is ${seconds}, and should be 1 to ${MAX_SECONDS}.`);
  const tickets = createTicketStore(store, createStats(), createSessionRevocations(store));
  return {
    async mint(user) {
      const ticket = await tickets.mint('socket', principalOf(user, Date.now()), seconds * 1000);
      return { ticket, expires_in: seconds };
    },
    redeem: (ticket) => tickets.redeem('socket', ticket),
  };
};
