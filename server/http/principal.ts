import { digest } from '../base/crypto.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import { count } from '../../src/protocol/schema/schema-types.ts';
import type { Storage } from '../storage/storage.ts';

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

/** A part that holds sockets open for sessions. */
export type SocketHolder = {
  open(): Iterable<Principal>;
  /** Closes the sockets of these people. */
  end(isRevoked: (principal: Principal) => boolean): void;
};

/** Revokes sessions, and notifies the parts of all instances that hold sockets open for them. */
export type SessionRevocations = {
  subscribe(holder: SocketHolder): void;
  /** Resolves when all holders of this instance have run, and no ticket of the session is valid any more. */
  revoke(session: string): Promise<void>;
  revokeAll(): Promise<void>;
  /** Whether the session was revoked within the last hour, which is longer than the lifetime of a ticket. */
  isRevoked(session: string): Promise<boolean>;
};

/**
 * An instance that lost messages looks for the marks of its open sessions. It closes its sockets long before they expire, if
 * the store stays away.
 */
const MARK_MS = 60 * 60 * 1000;
const CHANNEL = 'session-ends';
const ALL = '*';
const ALL_KEY = 'session-end-all';
/** Sessions that are looked up at the same time. */
const BATCH = 100;

export const createSessionRevocations = ({ store, bus }: Pick<Storage, 'store' | 'bus'>): SessionRevocations => {
  const keyOf = (session: string): string => `session-end/${digest(session)}`;
  const holders: SocketHolder[] = [];
  const end = (ended: string): void => {
    for (const holder of holders) holder.end(({ session }) => ended === ALL || session === ended);
  };
  const isRevoked = async (session: string): Promise<boolean> => (await store.get(keyOf(session))) !== undefined;
  const readAll = async (): Promise<number> => count.read(await store.get(ALL_KEY)) ?? 0;
  /** How often all sessions were revoked, as far as this instance knows. */
  let revokedAll: number | undefined;

  const lookAgain = async (): Promise<void> => {
    const times = await readAll();
    if (revokedAll !== undefined && times !== revokedAll) end(ALL);
    revokedAll = times;
    const sessions = [...new Set(holders.flatMap((holder) => [...holder.open()].map(({ session }) => session)))];
    for (let at = 0; at < sessions.length; at += BATCH)
      await Promise.all(
        sessions.slice(at, at + BATCH).map(async (session) => {
          if (await isRevoked(session)) end(session);
        }),
      );
  };
  // A bus that is away says when it is back, and `lookAgain` finds what it lost.
  bus.subscribe(CHANNEL, end).catch(() => undefined);
  bus.onResumed(() => void lookAgain().catch(() => undefined));

  return {
    subscribe: (holder) => void holders.push(holder),
    async revoke(session) {
      try {
        await store.put(keyOf(session), true, { ttlMs: MARK_MS, durable: true });
      } finally {
        // A full disk keeps no socket open.
        end(session);
        await bus.publish(CHANNEL, session).catch(() => undefined);
      }
    },
    async revokeAll() {
      end(ALL);
      revokedAll = await store.update([ALL_KEY], ([current]) => {
        const value = (count.read(current) ?? 0) + 1;
        return { result: value, writes: [{ key: ALL_KEY, value, durable: true }] };
      });
      await bus.publish(CHANNEL, ALL).catch(() => undefined);
    },
    isRevoked,
  };
};
