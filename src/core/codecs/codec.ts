import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import type { CodecName, SocketConfig } from '../../protocol/config.ts';
import { CLOSE_CODE, type ProfileIdentity } from '../../protocol/frames.ts';
import type { Cursor } from '../../protocol/cursor.ts';
import { isObject, numberAt, parseJson } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { OutboxItem } from '../socket/outbox.ts';
import type { CloseVerdict, Greeting } from '../socket/socket-types.ts';

export type Frame = string | ArrayBuffer;

/** A socket that a tab has at a shared upstream. */
export type SocketAddress = { readonly tab: string; readonly socket: string };

/** The data that waits, in frames and in bytes. */
export type Backlog = { frames: number; bytes: number };

/** What a codec receives, as data. */
export type CodecEvent =
  /** The connection is open: the codec sends its greeting. */
  | { type: 'opened' }
  | { type: 'frame'; data: Frame }
  /** The connection is lost. Another one can follow. `local`: this side closed it. */
  | { type: 'closed'; code: number; local?: boolean | undefined }
  /** The time of a `wake` output has come. */
  | { type: 'wake' }
  /** No connection follows for the current listeners: no user is signed in, or the server ended it (`wasClean`). */
  | { type: 'ended'; code: number; reason: string; wasClean?: boolean | undefined }
  /** Another user's session begins. It must see no data of the session before it. */
  | { type: 'forget' }
  /** `afterChange`: as in the machine's effect. */
  | { type: 'probe'; afterChange?: true | undefined }
  | { type: 'renew'; ticket: string }
  | { type: 'publish'; item: OutboxItem }
  | { type: 'join'; tab: string; topic: string; cursor: Cursor | null }
  | { type: 'leave'; tab: string; topic: string }
  /** `state`: JSON. */
  | { type: 'present'; tab: string; topic: string; state: string }
  | { type: 'absent'; tab: string; topic: string }
  /** `again`: see the bridge. The codec drops its state of that socket, because frames may be lost. */
  | { type: 'socket-open'; tab: string; socket: string; protocols: readonly string[]; again: string | null }
  /** `unsent`: the earlier data that the browser has not sent yet. */
  | { type: 'socket-send'; tab: string; socket: string; data: Frame; unsent?: Backlog | undefined }
  | { type: 'socket-close'; tab: string; socket: string; code?: number | undefined; reason: string }
  | { type: 'tab-left'; tab: string };

/** The counters that a page can show. */
export type Counted = 'sent' | 'received' | 'resumed' | 'lost';

/** What a codec wants done, as data. */
export type CodecOutput =
  | { type: 'send'; data: Frame }
  /** To each tab if `tab` is absent. */
  | { type: 'toTab'; tab?: string | undefined; frame: PortFrame }
  /** One frame for all these sockets. An unchanged list is the same object. */
  | { type: 'broadcast'; to: readonly SocketAddress[]; data: Frame }
  | ({ type: 'greeted' } & Greeting)
  | { type: 'renewed'; expiresInMs: number }
  | { type: 'draining'; ms: number }
  /** The server acknowledged or rejected this publication, so the outbox can drop it. */
  | { type: 'settled'; id: string }
  | { type: 'round-trip'; ms: number }
  /** The answer to a probe in a protocol without pings: the last received frame is recent enough. */
  | { type: 'alive' }
  | { type: 'count'; what: Counted; by: number }
  /** A line for the journal: the server refuses a message of a tab. */
  | { type: 'note'; what: string; detail: string }
  /** The codec needs a `wake` event at this time (ms since the Unix epoch). */
  | { type: 'wake'; at: number }
  /** The server does not speak the protocol: the host closes the connection. */
  | { type: 'violated' }
  /** The connection must be opened again, without a fault of the server. */
  | { type: 'redial'; why: string };

/** The state of one endpoint's protocol. Deterministic: the same events at the same times give the same outputs. */
export type Codec = {
  dispatch(event: CodecEvent, now: number): readonly CodecOutput[];
  /** Number of topics and sockets that need the connection. */
  readonly listeners: number;
};

export type Put = (output: CodecOutput) => void;

/** The parts of a protocol: its listeners, a handler for the events, and when it needs a `wake` event, if ever. */
export type Protocol = {
  listeners: { readonly size: number };
  handle(event: CodecEvent, now: number): void;
  wakeAt?(): number | undefined;
};

export const codecOf = (build: (put: Put) => Protocol): Codec => {
  let outputs: CodecOutput[] = [];
  let wakesAt: number | undefined;
  const { listeners, handle, wakeAt } = build((output) => void outputs.push(output));
  return {
    dispatch: (event, now) => {
      outputs = [];
      handle(event, now);
      const at = wakeAt?.();
      const isEarly = event.type === 'wake' && at !== undefined && now < at;
      if (at !== undefined && (at !== wakesAt || isEarly)) outputs.push({ type: 'wake', at });
      wakesAt = at;
      return outputs;
    },
    get listeners() {
      return listeners.size;
    },
  };
};

/** What the configuration of the URL says to its codec. */
export type CodecConfig = Pick<SocketConfig, 'heartbeat'>;

/** A protocol. To add one, write a file that exports one of these, and add a line to `optional-codecs/optional-codecs.ts`. */
export type CodecKind = {
  name: CodecName;
  /** The WebSocket subprotocol that its servers expect. The default is the codec's name. */
  subprotocol?: string;
  /** `frames`: the tabs' own sockets share the upstream. `topics`: pages use channels. */
  shares: 'frames' | 'topics';
  create(identity: ProfileIdentity, config?: CodecConfig): Codec;
  closed(code: number, reason: string): CloseVerdict;
};

/** `{"ra": ms}` in a close reason: when this client may connect again. A reason has up to 123 bytes (RFC 6455 §5.5). */
const slotOf = (reason: string): number | undefined => {
  const body = parseJson(reason);
  const ms = isObject(body) ? numberAt(body, 'ra') : undefined;
  return ms !== undefined && ms >= 0 ? ms : undefined;
};

/** The meaning of close codes in `keeper.1`. Other protocols give the same codes other meanings. */
export const keeperVerdict = (code: number, reason: string): CloseVerdict => {
  switch (code) {
    case CLOSE_CODE.unauthorized:
      return { type: 'authorize' };
    case CLOSE_CODE.forbidden:
      return { type: 'stop' };
    case CLOSE_CODE.superseded:
      return { type: 'superseded' };
    case CLOSE_CODE.restart:
    case CLOSE_CODE.tryLater:
    case CLOSE_CODE.slowDown: {
      const ms = slotOf(reason);
      return ms === undefined ? { type: 'redial' } : { type: 'wait', ms };
    }
    default:
      return { type: 'redial' };
  }
};

/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
/** From here on, a code belongs to a library or an application (RFC 6455 §7.4.2). */
const FIRST_OF_APPLICATIONS = 3000;
const WITH_A_MEANING: readonly number[] = [CLOSE_CODE.unauthorized, CLOSE_CODE.forbidden, CLOSE_CODE.slowDown];

/**
 * The meaning of close codes in protocols whose clients look at them: the server closed on purpose, so the page gets the
 * code. Only 4401, 4403 and 4429 mean the same as in `keeper.1`.
 */
export const frameVerdict = (code: number, reason: string): CloseVerdict => {
  const isOnPurpose = code === CLOSE_CODE.normal || code === POLICY_VIOLATION || code >= FIRST_OF_APPLICATIONS;
  return isOnPurpose && !WITH_A_MEANING.includes(code) ? { type: 'end' } : keeperVerdict(code, reason);
};

/** A close code as a problem, with the HTTP status of the same meaning. */
export const problemOfClose = (code: number, at: string): Problem => {
  switch (code) {
    case CLOSE_CODE.unauthorized:
      return { code: 'credentials-rejected', at, status: 401 };
    case CLOSE_CODE.forbidden:
      return { code: 'credentials-rejected', at, status: 403 };
    case CLOSE_CODE.slowDown:
      return { code: 'rate-limited', at, status: 429 };
    case CLOSE_CODE.superseded:
      return { code: 'cancelled' };
    case 1006:
      return { code: 'network-unreachable', at };
    default:
      return { code: 'server-unavailable', at, status: 503 };
  }
};
