/** Counters since the start of this process. `GET /lab/stats` returns them. */
export type Stats = {
  /** Successful refresh grants, of the provider and of the sign-in method `password`. */
  refreshGrants: number;
  /** Requests to a token endpoint: the provider's, and login and refresh of the sign-in method `password`. */
  tokenRequests: number;
  ticketsMinted: number;
  ticketsUsed: number;
  socketsOpen: number;
  socketsOpened: number;
};

export const createStats = (): Stats => ({
  refreshGrants: 0,
  tokenRequests: 0,
  ticketsMinted: 0,
  ticketsUsed: 0,
  socketsOpen: 0,
  socketsOpened: 0,
});
