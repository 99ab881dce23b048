import { deviceName } from '../../src/protocol/http/device-name.ts';
import type { ListedSession } from '../../src/protocol/http/sessions.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import { list } from '../../src/protocol/schema/schema-types.ts';
import { setBounded } from '../base/bounded-map.ts';
import { digest } from '../base/crypto.ts';
import type { ServerClock } from '../base/server-clock.ts';
import type { Decision, Store } from '../base/store.ts';
import type { Principal, SessionRevocations } from '../http/principal.ts';
import { cookieSessionKey } from '../auth/cookie-sessions.ts';
import { familyKey } from '../auth/password-tokens.ts';

/** The sessions of one person. It has no address and no user agent: `name` is browser and system in words. */
export const DEVICE_SESSIONS = object({
  sessions: list(object({ session: string, name: string, since: number, seenAt: number })),
});

/** The sessions of a person that a page of this person may list and end. */
export type DeviceSessions = {
  /** Notes that the session is in use. Cheap: it writes at most once in a while. */
  note(principal: Principal, userAgent: string): Promise<void>;
  /** The latest first. */
  all(principal: Principal): Promise<ListedSession[]>;
  /** `false`: this person has no such session. */
  end(principal: Principal, id: string): Promise<boolean>;
};

const NOTE_EVERY_MS = 5 * 60_000;
const KEEP_MS = 90 * 24 * 60 * 60_000;
/** Of one person; the one that was used longest ago goes first. */
const MAX_SESSIONS = 50;
const MAX_NOTED = 10_000;
const ID_LENGTH = 16;

const keyOf = (owner: string): string => `device-sessions/${owner}`;
/** A page learns an id that says nothing about the session. */
const idOf = (session: string): string => digest(session).slice(0, ID_LENGTH);

export const createDeviceSessions = (services: {
  store: Store;
  clock: ServerClock;
  revocations: Pick<SessionRevocations, 'revoke'>;
  /** Where the embedded provider keeps a grant. */
  grantKey(grantId: string): string;
}): DeviceSessions => {
  const { store, clock, revocations } = services;
  /** By the prefix of a session's name: its method, and the record without which it is over. */
  const records: Readonly<Record<string, { kind: ListedSession['kind']; keyOf(id: string): string }>> = {
    password: { kind: 'password', keyOf: familyKey },
    cookie: { kind: 'ticket', keyOf: cookieSessionKey },
    provider: { kind: 'oidc', keyOf: services.grantKey },
  };
  const recordOf = (session: string): { kind: ListedSession['kind']; key: string } | undefined => {
    const [prefix = '', id = ''] = session.split(/:(.*)/s, 2);
    const found = Object.hasOwn(records, prefix) ? records[prefix] : undefined;
    return found && { kind: found.kind, key: found.keyOf(id) };
  };
  const noted = new Map<string, { at: number; written: Promise<void> }>();

  const read = async (owner: string) => DEVICE_SESSIONS.read(await store.get(keyOf(owner)))?.sessions ?? [];

  const write = (owner: string, session: string, name: string): Promise<void> =>
    store.update([keyOf(owner)], ([current]): Decision<void> => {
      const known = DEVICE_SESSIONS.read(current)?.sessions ?? [];
      const now = clock.now();
      const since = known.find((each) => each.session === session)?.since ?? now;
      const others = known.filter((each) => each.session !== session);
      const sessions = [{ session, name, since, seenAt: now }, ...others].slice(0, MAX_SESSIONS);
      return { result: undefined, writes: [{ key: keyOf(owner), value: { sessions }, ttlMs: KEEP_MS }] };
    });

  const isLive = async (session: string): Promise<boolean> => {
    const record = recordOf(session);
    return record !== undefined && (await store.get(record.key)) !== undefined;
  };

  return {
    note({ owner, session }, userAgent) {
      const last = noted.get(session);
      if (last && clock.now() - last.at < NOTE_EVERY_MS) return last.written;
      const written = write(owner, session, deviceName(userAgent));
      setBounded(noted, session, { at: clock.now(), written }, MAX_NOTED);
      // the next request tries again
      written.catch(() => noted.delete(session));
      return written;
    },
    async all({ owner, session: current }) {
      const sessions = await read(owner);
      const live = await Promise.all(sessions.map(({ session }) => isLive(session)));
      return sessions
        .filter((_, index) => live[index])
        .toSorted((a, b) => b.seenAt - a.seenAt)
        .flatMap(({ session, name, since, seenAt }) => {
          const kind = recordOf(session)?.kind;
          return kind ? [{ id: idOf(session), current: session === current, kind, name, since, seenAt }] : [];
        });
    },
    async end({ owner }, id) {
      const found = (await read(owner)).find(({ session }) => idOf(session) === id);
      const record = found && recordOf(found.session);
      if (!found || !record) return false;
      await store.delete(record.key, { durable: true });
      await revocations.revoke(found.session);
      return true;
    },
  };
};
