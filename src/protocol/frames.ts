import { isObject, numberAt, own, parseJson, stringAt } from './json.ts';

/**
 * `keeper.1`: the native wire of the shared socket. One JSON array a frame, its first element the kind.
 * Offsets count from 1 within an epoch of a topic; a new epoch means that the server's history began anew.
 * The ticket travels as a second WebSocket subprotocol, `keeper.ticket.<base64url of the ticket>`.
 */
export const SUBPROTOCOL = 'keeper.1';
export const TICKET_SUBPROTOCOL_PREFIX = 'keeper.ticket.';

/** More than this, and the server closes: topics of one socket, and UTF-16 units of a topic's name. */
export const MAX_SUBSCRIPTIONS = 256;
export const MAX_TOPIC_LENGTH = 128;
/** Of the JSON that a host says of itself, in UTF-16 units. */
export const MAX_STATE_LENGTH = 1_024;

/** A place in a topic's history: everything up to and including `offset` of `epoch` has been seen. */
export type Cursor = { epoch: string; offset: number };

/** A host is one browser profile; its epoch grows with every worker start, and the server keeps the highest. */
export type ProfileIdentity = { host: string; epoch: number };

export type ClientFrame =
  | readonly ['hi', ProfileIdentity]
  | readonly ['sub', requestId: number, topic: string, cursor: Cursor | null]
  /** `soonBack`: its last tab is gone, or being reloaded; to others the host is here for a grace. */
  | readonly ['unsub', topic: string, soonBack?: boolean]
  /**
   * Tell me who listens to this topic, now and whenever it changes; for a topic that is subscribed, until `unsub`.
   * `state`: what this host says of itself to the others, any JSON; it holds until another one is said.
   */
  | readonly ['who', topic: string, state?: unknown]
  | readonly ['pub', id: string, topic: string, data: unknown]
  /** Renews the authorization of the live socket with a fresh ticket. */
  | readonly ['auth', ticket: string]
  | readonly ['p', at: number]
  | readonly ['q', at: number];

export type Hello = {
  session: string;
  /** Whether the server still knew this host. */
  resumed: boolean;
  /** Silence longer than this (ms) means a dead link; each side pings within it. */
  heartbeatMs: number;
  /** Window (ms) over which unplanned reconnects are to be spread: connected clients / accept rate. */
  windowMs: number;
  maxBytes: number;
  /** When the authorization of this socket ends, by the server's clock (ms), and that clock's now. */
  expiresAt: number;
  now: number;
};

export type ServerFrame =
  | readonly ['hello', Hello]
  /** The subscription stands; events follow from `offset` + 1 (`resumed`: from the cursor that was asked for). */
  | readonly ['ok', requestId: number, topic: string, at: Cursor, resumed: boolean]
  | readonly ['ev', topic: string, epoch: string, offset: number, data: unknown]
  /** Offsets `from`..`to` are gone from the history (`to` = 0: unknown, another epoch). */
  | readonly ['gap', topic: string, epoch: string, from: number, to: number]
  /**
   * Every host that listens to the topic, by its name in `hi`, and in the same order what each says of itself (`null`:
   * nothing). One that was cut off counts for a grace.
   */
  | readonly ['here', topic: string, hosts: readonly string[], states?: readonly unknown[]]
  | readonly ['ack', id: string, offset: number]
  | readonly ['nak', id: string, code: string]
  | readonly ['authok', expiresAt: number]
  | readonly ['p', at: number]
  | readonly ['q', at: number]
  /** The server is about to restart: come back after `ms`. A close 1012 follows. */
  | readonly ['drain', ms: number];

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
  /** By the client: nothing was heard within the heartbeat. */
  silent: 4000,
} as const;

const isString = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export const parseCursor = (value: unknown): Cursor | undefined => {
  if (!isObject(value)) return undefined;
  const epoch = stringAt(value, 'epoch');
  const offset = own(value, 'offset');
  return epoch !== undefined && isCount(offset) ? { epoch, offset } : undefined;
};

const parseHello = (value: unknown): Hello | undefined => {
  if (!isObject(value)) return undefined;
  const session = stringAt(value, 'session');
  const numbers = ['heartbeatMs', 'windowMs', 'maxBytes', 'expiresAt', 'now'].map((key) => numberAt(value, key));
  if (session === undefined || numbers.some((number) => number === undefined || number < 0)) return undefined;
  const [heartbeatMs, windowMs, maxBytes, expiresAt, now] = numbers as [number, number, number, number, number];
  return { session, resumed: own(value, 'resumed') === true, heartbeatMs, windowMs, maxBytes, expiresAt, now };
};

const frameOf = (text: string): unknown[] | undefined => {
  const frame = parseJson(text);
  return Array.isArray(frame) && isString(frame[0]) ? frame : undefined;
};

/** `'unknown'` is a well-formed frame of a later version (ignored and counted); `undefined` is malformed. */
export const parseServerFrame = (text: string): ServerFrame | 'unknown' | undefined => {
  const frame = frameOf(text);
  if (!frame) return undefined;
  const [kind, a, b, c, d] = frame;
  switch (kind) {
    case 'hello': {
      const hello = parseHello(a);
      return hello && ['hello', hello];
    }
    case 'ok': {
      const at = parseCursor(c);
      return isCount(a) && isString(b) && at ? ['ok', a, b, at, d === true] : undefined;
    }
    case 'ev':
      return isString(a) && isString(b) && isCount(c) ? ['ev', a, b, c, d] : undefined;
    case 'gap':
      return isString(a) && isString(b) && isCount(c) && isCount(d) ? ['gap', a, b, c, d] : undefined;
    case 'here':
      return isString(a) && Array.isArray(b) && b.every(isString)
        ? ['here', a, b, Array.isArray(c) ? (c as unknown[]) : []]
        : undefined;
    case 'ack':
      return isString(a) && isCount(b) ? ['ack', a, b] : undefined;
    case 'nak':
      return isString(a) && isString(b) ? ['nak', a, b] : undefined;
    case 'authok':
    case 'drain':
    case 'p':
    case 'q':
      return isTime(a) ? [kind, a] : undefined;
    default:
      return 'unknown';
  }
};

export const parseClientFrame = (text: string): ClientFrame | 'unknown' | undefined => {
  const frame = frameOf(text);
  if (!frame) return undefined;
  const [kind, a, b, c] = frame;
  switch (kind) {
    case 'hi': {
      const host = isObject(a) ? stringAt(a, 'host') : undefined;
      const epoch = isObject(a) ? own(a, 'epoch') : undefined;
      return host !== undefined && isCount(epoch) ? ['hi', { host, epoch }] : undefined;
    }
    case 'sub': {
      const cursor = c === null ? null : parseCursor(c);
      return isCount(a) && isString(b) && cursor !== undefined ? ['sub', a, b, cursor] : undefined;
    }
    case 'unsub':
      return isString(a) ? [kind, a, b === true] : undefined;
    case 'who':
      return isString(a) ? [kind, a, b] : undefined;
    case 'auth':
      return isString(a) ? [kind, a] : undefined;
    case 'pub':
      return isString(a) && isString(b) ? ['pub', a, b, c] : undefined;
    case 'p':
    case 'q':
      return isTime(a) ? [kind, a] : undefined;
    default:
      return 'unknown';
  }
};
