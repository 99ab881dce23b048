/** What the lab counts, from the start of this process. */
export type Stats = {
  /** Refresh grants that were answered with tokens, of the provider and of the password kind. */
  refreshGrants: number;
  /** Requests to a token endpoint: the provider's, and the password kind's login and refresh. */
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
