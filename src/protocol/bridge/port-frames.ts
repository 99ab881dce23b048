import type { RealtimeFrame } from './realtime-frames.ts';
import { looseObject, number, string, union, type Infer, type Schema } from '../schema/schema.ts';
import type { Snapshot } from '../snapshot.ts';

/** Only the fields that the page needs to run: the worker's build may be newer (`ANY_PROBLEM`). */
const ANY_SNAPSHOT: Schema<Snapshot> = looseObject({ session: looseObject({}), worker: looseObject({}) });

/** Worker to tab, on the port: frames about the page as a whole. */
export const PAGE_FRAME = union('type', {
  /** First on every port. `life`: name of a Web Lock that the worker holds as long as it lives. */
  welcome: { protocol: number, life: string, snapshot: ANY_SNAPSHOT },
  snapshot: { snapshot: ANY_SNAPSHOT },
  /** The tab answers with `read` when it gets to this frame. */
  read: {},
  /** The tab has too many unread frames, so the worker sends no more. The tab attaches again where it stopped. */
  overrun: {},
  /** A new worker takes over. The tab ends its keep-alive at once, and attaches again when that worker controls it. */
  'hand-over': {},
  /** The tab gets another session. It attaches again. */
  switched: {},
});
export type PageFrame = Infer<typeof PAGE_FRAME>;

/** One frame for a tab. */
export type PortFrame =
  | PageFrame
  | RealtimeFrame
  /** Never on a port: the worker makes a `SocketBatch` of several. */
  | { type: 'socket-message'; socket: string; data: string | ArrayBuffer };

/**
 * Worker to tab, on the port: frames, or the messages of one socket in their order. The latter are most of the traffic,
 * so since protocol 4 they have a form without objects.
 */
export type PortMessage = readonly PortFrame[] | readonly [socket: string, ...data: (string | ArrayBuffer)[]];

/** Messages of one socket as they arrive: the socket's name, then unchecked data. */
export type SocketBatch = [socket: string, ...data: unknown[]];

export const isSocketBatch = (message: unknown): message is SocketBatch =>
  Array.isArray(message) && typeof message[0] === 'string';

/** The frames of any other port message, for `PAGE_FRAME` and `REALTIME_FRAME` to parse. */
export const framesOf = (message: unknown): readonly unknown[] => (Array.isArray(message) ? message : [message]);
