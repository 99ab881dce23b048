import { CURSOR } from '../cursor.ts';
import { ANY_PROBLEM } from '../problem-codes.ts';
import { number, object, string, union, unknown, type Infer } from '../schema/schema.ts';
import { array, boolean, data } from '../schema/schema-types.ts';

/** A device (one browser profile, with all its tabs) that listens to a topic. `state`: what it says of itself, any JSON. */
export const MEMBER = object({ id: string, self: boolean, state: unknown });
export type Member = Infer<typeof MEMBER>;

/** What a socket receives, in its order. `bytes`: its size on the network, in characters or bytes. */
const MESSAGES = object({ data: array(data), bytes: number });

/** Worker to tab, on the port: what concerns topics, publications and sockets. */
export const REALTIME_FRAME = union('type', {
  /** From here on nothing of the topic is missing: events follow from `at.offset` + 1. */
  joined: { topic: string, at: CURSOR },
  /** `bytes`: its size on the network, in characters. */
  event: { topic: string, epoch: string, offset: number, data: unknown, bytes: number },
  gap: { topic: string, epoch: string, from: number, to: number },
  /** Who listens to a topic that this tab is present at. */
  here: { topic: string, members: array(MEMBER) },
  acked: { id: string, offset: number },
  refused: { id: string, problem: ANY_PROBLEM },
  'socket-opened': { socket: string, protocol: string },
  /** For pages of protocol 3. */
  'socket-messages': { socket: string, run: MESSAGES },
  /** The tab need not send so many more of its frames again. */
  'socket-taken': { socket: string, count: number },
  /** What the tab gives back in `again`, should it need its connection again. */
  'socket-memo': { socket: string, memo: string },
  'socket-closed': { socket: string, code: number, reason: string, wasClean: boolean },
});
export type RealtimeFrame = Infer<typeof REALTIME_FRAME>;
