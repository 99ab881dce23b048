import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import type { CodecName } from '../../protocol/config.ts';
import { CLOSE_CODE, type ProfileIdentity } from '../../protocol/frames.ts';
import type { Cursor } from '../../protocol/cursor.ts';
import { isObject, numberAt, parseJson } from '../../protocol/schema/json.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { OutboxItem } from '../socket/outbox.ts';
import type { CloseVerdict, Greeting } from '../socket/socket-types.ts';

export type Frame = string | ArrayBuffer;

/** A socket that a tab has at a shared upstream. */
export type SocketAddress = { readonly tab: string; readonly socket: string };

/** What waits, in frames and in bytes. */
export type Backlog = { frames: number; bytes: number };

/** What a codec receives, as data. */
export type CodecEvent =
  /** The link is open: greet. */
  | { type: 'opened' }
  | { type: 'frame'; data: Frame }
  /** The link is gone; another may come. */
  | { type: 'closed'; code: number }
  /** No link will come for the people who listen now: nobody is signed in any more, or the server forbids it. */
  | { type: 'ended'; code: number; reason: string }
  /** Another person's session begins: nothing of the former one's may be seen. */
  | { type: 'forget' }
  | { type: 'probe' }
  | { type: 'renew'; ticket: string }
  | { type: 'publish'; item: OutboxItem }
  | { type: 'join'; tab: string; topic: string; cursor: Cursor | null }
  | { type: 'leave'; tab: string; topic: string }
  /** `state`: JSON. */
  | { type: 'present'; tab: string; topic: string; state: string }
  | { type: 'absent'; tab: string; topic: string }
  /** `again`: see the bridge. What the codec had for that socket is void, for frames may have got lost. */
  | { type: 'socket-open'; tab: string; socket: string; protocols: readonly string[]; again: string | null }
  /** `unsent`: what was said before it and the browser has yet to send. */
  | { type: 'socket-send'; tab: string; socket: string; data: Frame; unsent?: Backlog | undefined }
  | { type: 'socket-close'; tab: string; socket: string; code?: number | undefined; reason: string }
  | { type: 'tab-left'; tab: string };

/** What is counted for people to see. */
export type Counted = 'sent' | 'received' | 'resumed' | 'lost';

/** What a codec wants done, as data. */
export type CodecOutput =
  | { type: 'send'; data: Frame }
  /** `tab` absent: every tab. */
  | { type: 'toTab'; tab?: string | undefined; frame: PortFrame }
  /** One frame for all these sockets. The list is the same object for as long as it says the same. */
  | { type: 'broadcast'; to: readonly SocketAddress[]; data: Frame }
  | ({ type: 'greeted' } & Greeting)
  | { type: 'renewed'; expiresInMs: number }
  | { type: 'draining'; ms: number }
  /** The server has an answer to this publication: it need not be kept any longer. */
  | { type: 'settled'; id: string }
  | { type: 'round-trip'; ms: number }
  /** The answer to a probe of a protocol that cannot probe: what was heard lately has to do. */
  | { type: 'alive' }
  | { type: 'count'; what: Counted; by: number }
  /** Beyond what the server takes: it is not passed on, for the server would close on everyone. */
  | { type: 'ignored'; what: string }
  /** The server does not speak the protocol: hang up. */
  | { type: 'violated' }
  /** The link is to begin anew, and no fault of the server's. */
  | { type: 'redial'; why: string };

/** The state of one endpoint's protocol. Deterministic: the same events at the same times, the same outputs. */
export type Codec = {
  dispatch(event: CodecEvent, now: number): readonly CodecOutput[];
  /** How many topics and sockets want the link. */
  readonly listeners: number;
};

export type Put = (output: CodecOutput) => void;

/** What a protocol is made of: whoever wants its link, and what it does about each event. */
export type Protocol = { listeners: { readonly size: number }; handle(event: CodecEvent, now: number): void };

export const codecOf = (build: (put: Put) => Protocol): Codec => {
  let outputs: CodecOutput[] = [];
  const { listeners, handle } = build((output) => void outputs.push(output));
  return {
    dispatch: (event, now) => {
      outputs = [];
      handle(event, now);
      return outputs;
    },
    get listeners() {
      return listeners.size;
    },
  };
};

/** A protocol. To add one: a file with one of these, and a line in `codecs/optional.ts`. */
export type CodecKind = {
  name: CodecName;
  /** The WebSocket subprotocol that its servers expect; without one, the name goes before the ticket's. */
  subprotocol?: string;
  /** Whether tabs' own sockets share the upstream, or listen to topics. */
  shares: 'frames' | 'topics';
  create(identity: ProfileIdentity): Codec;
  closed(code: number, reason: string): CloseVerdict;
};

/** `{"ra": ms}`: the client's own slot in the reason of a close (a reason has 123 bytes at most, RFC 6455 §5.5). */
const slotOf = (reason: string): number | undefined => {
  const body = parseJson(reason);
  const ms = isObject(body) ? numberAt(body, 'ra') : undefined;
  return ms !== undefined && ms >= 0 ? ms : undefined;
};

/** The close policy of the native wire; other protocols give the same codes other meanings. */
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

/** The close as people are told of it, by the HTTP status that means the same. */
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
