import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import { digest } from '../base/crypto.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import type { Store } from '../base/store.ts';

/** The person for whom a request or a socket acts. */
export type Principal = {
  /** Storage key of this person. Unlike `sub`, it is unique across identity providers. */
  owner: string;
  sub: string;
  name: string;
  /** The session, so that a sign-out can close its sockets. */
  session: string;
  /** When the authorization expires (ms since the Unix epoch). */
  expiresAt: number;
};

export const PRINCIPAL = object({ owner: string, sub: string, name: string, session: string, expiresAt: number });

/** A storage key for each person of each provider. It has no slash, so that no key is a prefix of another's keys. */
export const ownerOf = (sub: string, issuer?: string): string =>
  encodeURIComponent(issuer === undefined ? sub : `${issuer}#${sub}`);

/** Revokes sessions, and notifies the parts that hold sockets open for them. */
export type SessionRevocations = {
  /** The listener receives a predicate for the revoked sessions. */
  subscribe(listener: (isRevoked: (principal: Principal) => boolean) => void): void;
  /** Resolves when all listeners have run and no ticket of the session is valid any more. */
  revoke(session: string): Promise<void>;
  revokeAll(): void;
  /** Whether the session was revoked within the lifetime of a ticket. */
  isRevoked(session: string): Promise<boolean>;
};

const MAX_TICKET_MS = Math.max(...Object.values(TICKET_SECONDS)) * 1000;

export const createSessionRevocations = (store: Store): SessionRevocations => {
  const keyOf = (session: string): string => `session-end/${digest(session)}`;
  const listeners: ((isRevoked: (principal: Principal) => boolean) => void)[] = [];
  const notify = (isRevoked: (principal: Principal) => boolean): void =>
    listeners.forEach((listener) => listener(isRevoked));
  return {
    subscribe: (listener) => void listeners.push(listener),
    async revoke(session) {
      try {
        await store.put(keyOf(session), true, { ttlMs: MAX_TICKET_MS, durable: true });
      } finally {
        // A full disk keeps no socket open.
        notify((principal) => principal.session === session);
      }
    },
    revokeAll: () => notify(() => true),
    isRevoked: async (session) => (await store.get(keyOf(session))) !== undefined,
  };
};
