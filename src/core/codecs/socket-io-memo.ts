import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import { createAssembler, packetFrames, type Packet } from './socket-io-packet.ts';

/** A namespace, as the one socket of all tabs is in it. */
export type Membership = {
  state: 'asked' | 'joined';
  sid: string;
  /** What the first tab said to be let in; the others are the same person. */
  auth: JsonObject | undefined;
  /** With connection state recovery: who we are to the server, and the last event that it counts. */
  pid?: string | undefined;
  offset?: string | undefined;
  /** How many such events came, so that tabs know whether they have heard the same. */
  heard: number;
};

/** What a CONNECT says; with a `pid` it asks for what was missed. */
export const credentialsOf = ({ auth, pid, offset }: Membership): string =>
  pid === undefined ? (auth ? JSON.stringify(auth) : '') : JSON.stringify({ ...auth, pid, offset });

/** All that another worker needs to go on for a tab: where it is, and what it has not been answered yet. */
export const resumeTokenOf = (
  rooms: ReadonlyMap<string, Membership>,
  joined: ReadonlyMap<string, number>,
  waiting: readonly { id: string | undefined; packet: Packet }[],
): unknown => ({
  rooms: [...joined.keys()].map((namespace) => [namespace, rooms.get(namespace)]),
  // An attachment has no place in a memo; its sender waits for an answer in vain, as over any lost connection.
  waiting: waiting.flatMap(({ id, packet }) =>
    packet.attachments.length > 0 ? [] : [packetFrames({ ...packet, id })[0]],
  ),
});

const parseRoom = (value: unknown): Membership | undefined => {
  if (!isObject(value)) return undefined;
  const auth = own(value, 'auth');
  const sid = stringAt(value, 'sid');
  const heard = numberAt(value, 'heard');
  const pid = stringAt(value, 'pid');
  const offset = stringAt(value, 'offset');
  if (sid === undefined || heard === undefined) return undefined;
  return { state: 'asked', sid, auth: isObject(auth) ? auth : undefined, pid, offset, heard };
};

const listAt = (value: unknown, key: string): readonly unknown[] => {
  const found = isObject(value) ? own(value, key) : undefined;
  return Array.isArray(found) ? (found as unknown[]) : [];
};

/** From the tab, so anything at all; what is no memo is an empty one. */
export const parseResumeToken = (
  text: string,
): { rooms: readonly (readonly [string, Membership])[]; waiting: readonly Packet[] } => {
  const memo = parseJson(text);
  const assemble = createAssembler();
  const rooms = listAt(memo, 'rooms').flatMap((pair): [string, Membership][] => {
    const [namespace, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const room = parseRoom(value);
    return typeof namespace === 'string' && room ? [[namespace, room]] : [];
  });
  const waiting = listAt(memo, 'waiting').flatMap((frame) => {
    const packet = typeof frame === 'string' ? assemble(frame) : undefined;
    return typeof packet === 'object' ? [packet] : [];
  });
  return { rooms, waiting };
};
