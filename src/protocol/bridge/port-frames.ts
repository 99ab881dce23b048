import type { RealtimeFrame } from './realtime-frames.ts';
import { looseObject, number, string, union, type Infer, type Schema } from '../schema/schema.ts';
import type { Snapshot } from '../snapshot.ts';

/** Only what the page relies on. For the rest it trusts the worker, whose build may be newer (problem.ts). */
const ANY_SNAPSHOT: Schema<Snapshot> = looseObject({ session: looseObject({}), worker: looseObject({}) });

/** Worker to tab, on the port: what concerns the page as a whole. */
export const PAGE_FRAME = union('type', {
  /** First on every port. `life` names a Web Lock that the worker holds for as long as it lives. */
  welcome: { protocol: number, life: string, snapshot: ANY_SNAPSHOT },
  snapshot: { snapshot: ANY_SNAPSHOT },
  /** A tab answers with `read` when it has come this far. */
  read: {},
  /** The tab left too much unread, so nothing follows on this port: attach again, from where you are. */
  overrun: {},
  /** A new worker is taking over: end the keep-alive at once and attach again when it controls the page. */
  'hand-over': {},
});
export type PageFrame = Infer<typeof PAGE_FRAME>;

/** One frame for a tab. */
export type PortFrame =
  | PageFrame
  | RealtimeFrame
  /** Never on a port: it becomes part of a run. */
  | { type: 'socket-message'; socket: string; data: string | ArrayBuffer };

/**
 * Worker to tab, on the port: frames, or what one socket receives, in its order. The latter is most of what a tab
 * gets, so a page of protocol 4 or later has no more to look at.
 */
export type PortMessage = readonly PortFrame[] | readonly [socket: string, ...data: (string | ArrayBuffer)[]];

/** What one socket receives, as it comes: the socket's name, and then data that nothing has checked yet. */
export type SocketBatch = [socket: string, ...data: unknown[]];

export const isSocketBatch = (message: unknown): message is SocketBatch =>
  Array.isArray(message) && typeof message[0] === 'string';

/** The frames of any other port message, for `PAGE_FRAME` and `REALTIME_FRAME` to parse. */
export const framesOf = (message: unknown): readonly unknown[] => (Array.isArray(message) ? message : [message]);
