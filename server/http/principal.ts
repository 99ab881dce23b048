import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import { digest } from '../base/crypto.ts';
import { number, shape, text } from '../base/validate.ts';
import type { Store } from '../base/store.ts';

/** Who a request or a socket acts for. */
export type Principal = {
  /** Key of everything stored for this person. Unlike `sub`, unique over identity providers. */
  owner: string;
  sub: string;
  name: string;
  /** The signed-in session behind it, so that a sign-out can reach its sockets. */
  session: string;
  /** When this authorization ends, by the server's clock (ms since the epoch). */
  expiresAt: number;
};

export const parsePrincipal = shape({ owner: text, sub: text, name: text, session: text, expiresAt: number });

/** A key of its own for each person of each provider; without a slash, so that no one's keys lie below another's. */
export const ownerOf = (sub: string, issuer?: string): string =>
  encodeURIComponent(issuer === undefined ? sub : `${issuer}#${sub}`);

/** Tells that sessions have ended, to whoever holds something open for them. */
export type SessionRevocations = {
  /** The listener gets a test for what has ended. */
  subscribe(listener: (isRevoked: (principal: Principal) => boolean) => void): void;
  /** Resolves when all have heard of it, and no ticket that it was given opens anything any more. */
  revoke(session: string): Promise<void>;
  revokeAll(): void;
  /** Whether it ended lately: a ticket outlives it by its own lifetime at most. */
  hasEnded(session: string): Promise<boolean>;
};

const LONGEST_TICKET_MS = Math.max(...Object.values(TICKET_SECONDS)) * 1000;

export const createSessionRevocations = (store: Store): SessionRevocations => {
  const keyOf = (session: string): string => `session-end/${digest(session)}`;
  const listeners: ((hasEnded: (principal: Principal) => boolean) => void)[] = [];
  const tell = (hasEnded: (principal: Principal) => boolean): void =>
    listeners.forEach((listener) => listener(hasEnded));
  return {
    subscribe: (listener) => void listeners.push(listener),
    async revoke(session) {
      await store.put(keyOf(session), true, LONGEST_TICKET_MS);
      tell((principal) => principal.session === session);
    },
    revokeAll: () => tell(() => true),
    hasEnded: async (session) => (await store.get(keyOf(session))) !== undefined,
  };
};
