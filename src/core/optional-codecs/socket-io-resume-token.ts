import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import { createAssembler, packetFrames, type Packet } from './socket-io-packet.ts';

/** The state of the shared socket in one namespace. */
export type Membership = {
  state: 'asked' | 'joined';
  sid: string;
  /** The first tab's CONNECT payload. The other tabs belong to the same user. */
  auth: JsonObject | undefined;
  /** With connection state recovery: the server's private id of the session, and the last offset. */
  pid?: string | undefined;
  offset?: string | undefined;
  /** Number of events with an offset so far. A tab with the same number has received the same events. */
  received: number;
};

/** The payload of a CONNECT. With a `pid` it requests the missed events. */
export const credentialsOf = ({ auth, pid, offset }: Membership): string =>
  pid === undefined ? (auth ? JSON.stringify(auth) : '') : JSON.stringify({ ...auth, pid, offset });

/**
 * All that another worker needs to continue for a tab: its namespaces, and its emits without an acknowledgement. A tab
 * can hold a token of an earlier version, so the token's field names stay.
 */
export const resumeTokenOf = (
  memberships: ReadonlyMap<string, Membership>,
  joined: ReadonlyMap<string, number>,
  waiting: readonly { id: string | undefined; packet: Packet }[],
): unknown => ({
  rooms: [...joined.keys()].map((namespace) => [namespace, memberships.get(namespace) ?? {}]),
  // A token contains no attachments. Such an emit gets no acknowledgement, as after any lost connection.
  waiting: waiting.flatMap(({ id, packet }) =>
    packet.attachments.length > 0 ? [] : [packetFrames({ ...packet, id })[0]],
  ),
});

const parseMembership = (value: unknown): Membership | undefined => {
  if (!isObject(value)) return undefined;
  const auth = own(value, 'auth');
  const sid = stringAt(value, 'sid');
  const received = numberAt(value, 'received');
  const pid = stringAt(value, 'pid');
  const offset = stringAt(value, 'offset');
  if (sid === undefined || received === undefined) return undefined;
  return { state: 'asked', sid, auth: isObject(auth) ? auth : undefined, pid, offset, received };
};

const listAt = (value: unknown, key: string): readonly unknown[] => {
  const found = isObject(value) ? own(value, key) : undefined;
  return Array.isArray(found) ? (found as unknown[]) : [];
};

/** A tab sends the text, so it can be anything. Invalid text gives an empty token. */
export const parseResumeToken = (
  text: string,
): { memberships: readonly (readonly [string, Membership])[]; waiting: readonly Packet[] } => {
  const token = parseJson(text);
  const assemble = createAssembler();
  const memberships = listAt(token, 'rooms').flatMap((pair): [string, Membership][] => {
    const [namespace, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const membership = parseMembership(value);
    return typeof namespace === 'string' && membership ? [[namespace, membership]] : [];
  });
  const waiting = listAt(token, 'waiting').flatMap((frame) => {
    const packet = typeof frame === 'string' ? assemble(frame) : undefined;
    return typeof packet === 'object' ? [packet] : [];
  });
  return { memberships, waiting };
};
