import { DEFAULT_ACCESS_SECONDS, DEFAULT_TICKET_SECONDS } from '../../src/protocol/timing/lifetimes.ts';

/** In seconds, like `expires_in` (RFC 6749 §5.1). The fault routes change them while the server runs. */
export type Lifetimes = { accessSeconds: number; refreshSeconds: number };

/** Lifetime of a ticket by its use. A ticket is valid once. */
export const TICKET_SECONDS = { events: 300, socket: DEFAULT_TICKET_SECONDS, download: 60 } as const;

const DAY_SECONDS = 24 * 60 * 60;

/** Lifetime of an unused session: of a refresh token, of the session cookie, and of the provider's own session. */
export const SESSION_SECONDS = 14 * DAY_SECONDS;

export const DEFAULT_LIFETIMES: Lifetimes = { accessSeconds: DEFAULT_ACCESS_SECONDS, refreshSeconds: SESSION_SECONDS };

/**
 * How long the server accepts a used refresh token again. A client that got no response must retry with the same token.
 * Chromium itself sends a POST again after the server closed a keep-alive connection.
 */
export const REUSE_GRACE_MS = 30_000;

/** Grace period of each used refresh token. 0: none. The fault routes change it while the server runs. */
export type ReusePolicy = { graceMs: number };
