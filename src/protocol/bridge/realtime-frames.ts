import { CURSOR } from '../cursor.ts';
import { ANY_PROBLEM } from '../problem-codes.ts';
import { number, object, string, union, unknown, type Infer } from '../schema/schema.ts';
import { array, boolean, data, optional } from '../schema/schema-types.ts';

/** A browser profile that reads a topic. `state`: what it publishes about itself, any JSON. */
export const MEMBER = object({ id: string, self: boolean, state: unknown });
export type Member = Infer<typeof MEMBER>;

/** Messages of a socket, in their order. `bytes`: their size on the network, in characters or bytes. */
const MESSAGES = object({ data: array(data), bytes: number });

/** Worker to tab, on the port: frames about topics, publications and sockets. */
export const REALTIME_FRAME = union('type', {
  /** The subscription stands: all events follow from `at.offset` + 1. */
  joined: { topic: string, at: CURSOR },
  /** `bytes`: its size on the network, in characters. */
  event: { topic: string, epoch: string, offset: number, data: unknown, bytes: number },
  gap: { topic: string, epoch: string, from: number, to: number },
  /** The epochs `from` and `epoch` have the same events up to `ended`: a cursor up to there moves over. */
  fork: { topic: string, from: string, epoch: string, ended: number },
  /** The server, or one of its limits, refuses the topic: the tab has left it. */
  'topic-refused': { topic: string, problem: ANY_PROBLEM },
  /** The members of a topic in which the tab is present. */
  here: { topic: string, members: array(MEMBER) },
  acked: { id: string, offset: number },
  refused: { id: string, problem: ANY_PROBLEM },
  'socket-opened': { socket: string, protocol: string, extensions: optional(string) },
  /** For pages of protocol 3. */
  'socket-messages': { socket: string, run: MESSAGES },
  /** The worker's connection has sent this many more of the tab's frames, so the tab need not repeat them. */
  'socket-taken': { socket: string, count: number },
  /** The connection was lost and is back. Messages of the server may be missing. */
  'socket-gap': { socket: string },
  /** What the tab gives back in `again`, should it need its connection again. */
  'socket-memo': { socket: string, memo: string },
  'socket-closed': { socket: string, code: number, reason: string, wasClean: boolean },
});
export type RealtimeFrame = Infer<typeof REALTIME_FRAME>;
