import { CURSOR } from './cursor.ts';
import { parseJson } from './schema/json.ts';
import { number, object, string, unknown, type Infer, type Schema } from './schema/schema.ts';
import {
  array,
  boolean,
  count,
  nullable,
  numberIn,
  oneOf,
  optional,
  tuple,
  isCount,
  withDefault,
} from './schema/schema-types.ts';

/**
 * `keeper.1`: the native protocol of the shared socket. One JSON array a frame, its first element the kind.
 * Offsets count from 1 within an epoch of a topic. A new epoch means that the server began a new history.
 * The ticket travels as a second WebSocket subprotocol, `keeper.ticket.<base64url of the ticket>`.
 */
export const SUBPROTOCOL = 'keeper.1';
export const TICKET_SUBPROTOCOL_PREFIX = 'keeper.ticket.';

/** The bounds of a server whose greeting does not state them. A server closes a socket that exceeds its bounds. */
export const DEFAULT_MAX_TOPICS = 256;
/** In UTF-16 units. */
export const DEFAULT_MAX_TOPIC_LENGTH = 128;

/** `host` names a browser profile. `epoch` grows with every worker start, and the server keeps the highest. */
export const PROFILE_IDENTITY = object({ host: string, epoch: count });
export type ProfileIdentity = Infer<typeof PROFILE_IDENTITY>;

/** From a worker to the server. */
export const CLIENT_FRAMES = {
  hi: tuple(oneOf('hi'), PROFILE_IDENTITY),
  /** Request id, topic, and the place to go on from (`null`: from now on). */
  sub: tuple(oneOf('sub'), count, string, nullable(CURSOR)),
  /** Topic. `true`: its last tab is gone or reloads, and to others this profile stays present for a grace period. */
  unsub: tuple(oneOf('unsub'), string, optional(boolean)),
  /**
   * Topic: who listens to it, now and whenever that changes? For a subscribed topic, until `unsub`. The last element is
   * what this profile says of itself to the others, any JSON. It holds until the next `who`.
   */
  who: tuple(oneOf('who'), string, optional(unknown)),
  /** Id, topic, data. */
  pub: tuple(oneOf('pub'), string, string, unknown),
  /** A fresh ticket, which renews the authorization of the open socket. */
  auth: tuple(oneOf('auth'), string),
  /** Ping with the sender's time. The other side answers with `q` and the same time. */
  p: tuple(oneOf('p'), number),
  q: tuple(oneOf('q'), number),
};
export type ClientFrame = Infer<(typeof CLIENT_FRAMES)[keyof typeof CLIENT_FRAMES]>;

const AMOUNT = numberIn(0, Number.MAX_VALUE);

export const HELLO = object({
  session: string,
  /** Whether the server still knew this browser profile. */
  resumed: withDefault(boolean, false),
  /** Silence longer than this (ms) means a dead connection. Each side pings within it. */
  heartbeatMs: AMOUNT,
  /** Window (ms) over which unplanned reconnects are spread: connected clients / accept rate. */
  windowMs: AMOUNT,
  maxBytes: AMOUNT,
  /** How many topics one socket may have. */
  maxTopics: withDefault(AMOUNT, DEFAULT_MAX_TOPICS),
  /** The longest name of a topic, in UTF-16 units. */
  maxTopicLength: withDefault(AMOUNT, DEFAULT_MAX_TOPIC_LENGTH),
  /** When the authorization of this socket ends, by the server's clock (ms), and that clock's now. */
  expiresAt: AMOUNT,
  now: AMOUNT,
});
export type Hello = Infer<typeof HELLO>;

/** From the server to a worker. */
export const SERVER_FRAMES = {
  hello: tuple(oneOf('hello'), HELLO),
  /**
   * Request id, topic, cursor, resumed. The subscription stands: events follow from the cursor's offset + 1. `resumed`:
   * the cursor is the one that `sub` asked for.
   */
  ok: tuple(oneOf('ok'), count, string, CURSOR, withDefault(boolean, false)),
  /** Topic, epoch, offset, data. */
  ev: tuple(oneOf('ev'), string, string, count, unknown),
  /** Topic, epoch, from, to. The history no longer has these offsets (`to` = 0: unknown, another epoch). */
  gap: tuple(oneOf('gap'), string, string, count, count),
  /** Topic, former epoch, epoch, offset. Both epochs have the same events up to this offset, so a cursor moves over. */
  fork: tuple(oneOf('fork'), string, string, string, count),
  /**
   * Topic; every profile that listens to it, by its name in `hi`; in the same order what each says of itself (`null`:
   * nothing). A profile that was cut off counts for a grace period.
   */
  here: tuple(oneOf('here'), string, array(string), withDefault(array(unknown), [])),
  /** Id of the publication, and its offset. */
  ack: tuple(oneOf('ack'), string, count),
  /** Id of the publication, and the code of the reason. */
  nak: tuple(oneOf('nak'), string, string),
  /** When the renewed authorization ends (ms, by the server's clock). */
  authok: tuple(oneOf('authok'), number),
  p: tuple(oneOf('p'), number),
  q: tuple(oneOf('q'), number),
  /** The server is about to restart: come back after so many ms. A close 1012 follows. */
  drain: tuple(oneOf('drain'), number),
};
export type ServerFrame = Infer<(typeof SERVER_FRAMES)[keyof typeof SERVER_FRAMES]>;

/** Why the server closes; none of these may ever end a session (docs/invariants.md, 8). */
export const CLOSE_CODE = {
  normal: 1000,
  goingAway: 1001,
  restart: 1012,
  tryLater: 1013,
  badFrame: 1007,
  tooBig: 1009,
  unauthorized: 4401,
  forbidden: 4403,
  historyGone: 4408,
  superseded: 4409,
  slowDown: 4429,
  serverError: 4500,
  /** By the client: nothing arrived within the heartbeat. */
  silent: 4000,
} as const;

type Frames<T> = { readonly [kind: string]: Schema<T> };

const readFrame = <T>(frames: Frames<T>, frame: readonly unknown[]): T | 'unknown' | undefined => {
  const [kind] = frame;
  if (typeof kind !== 'string') return undefined;
  const schema = Object.hasOwn(frames, kind) ? frames[kind] : undefined;
  return schema ? schema.read(frame) : 'unknown';
};

/** `'unknown'` is a well-formed frame of a later version (ignored and counted); `undefined` is malformed. */
export const parseClientFrame = (json: string): ClientFrame | 'unknown' | undefined => {
  const frame = parseJson(json);
  return Array.isArray(frame) ? readFrame<ClientFrame>(CLIENT_FRAMES, frame) : undefined;
};

/** As `parseClientFrame`. */
export const parseServerFrame = (json: string): ServerFrame | 'unknown' | undefined => {
  const frame = parseJson(json);
  if (!Array.isArray(frame)) return undefined;
  // Most of what a worker receives. The schema takes 100 ns more for it, and accepts the same: test/protocol/wire.test.ts.
  const [kind, topic, epoch, offset, data] = frame as unknown[];
  if (kind === 'ev' && typeof topic === 'string' && typeof epoch === 'string' && isCount(offset))
    return [kind, topic, epoch, offset, data];
  return readFrame<ServerFrame>(SERVER_FRAMES, frame);
};
