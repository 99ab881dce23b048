/** How long an access token lives (s) when the server does not say: five minutes. RFC 6749 §5.1 only recommends `expires_in`. */
export const DEFAULT_ACCESS_SECONDS = 300;

/** The same for a socket ticket without `expires_in` (s). */
export const DEFAULT_TICKET_SECONDS = 30;
