/** Seconds, as the token endpoints say them (RFC 6749 §5.1). The lab changes them while the server runs. */
export type Lifetimes = { accessSeconds: number; refreshSeconds: number };

/** How long a ticket is good; each kind once. */
export const TICKET_SECONDS = { events: 300, socket: 30, download: 60 } as const;

const DAY_SECONDS = 24 * 60 * 60;

export const DEFAULT_LIFETIMES: Lifetimes = { accessSeconds: 300, refreshSeconds: 14 * DAY_SECONDS };

/**
 * How long a consumed refresh token is accepted again. A client whose answer was lost must retry with the same
 * token, and Chromium itself re-sends a POST on a dead keep-alive connection.
 */
export const REUSE_GRACE_MS = 30_000;
