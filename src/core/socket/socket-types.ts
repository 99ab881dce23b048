import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Step, StepContext } from '../machine.ts';

/** Whether the connection still carries data. Times are milliseconds since the Unix epoch by this device's clock. */
export type Liveness =
  /** When the next probe is sent, even if data arrives before: the server also needs a sign of life. */
  | { type: 'alive'; probeAt: number }
  /** Any data must arrive by then. */
  | { type: 'probing'; answerBy: number };

/** Renewal of an open connection's authorization. */
export type Renewal =
  | { type: 'none' }
  | { type: 'due'; renewAt: number }
  | { type: 'fetching'; call: number; generation: number; requestedAt: number; by: number }
  /** The server has not confirmed the ticket yet. */
  | { type: 'sent'; generation: number };

/** `attempts` counts those since the last lost connection. `generation` is that of the attempt's tokens. */
export type SocketState =
  | { state: 'idle' }
  | { state: 'fetching-ticket'; call: number; attempts: number; generation: number; requestedAt: number; by: number }
  /** From the dial to the server's greeting. Before it, the connection carries no data. */
  | { state: 'connecting'; call: number; attempts: number; generation: number; by: number }
  | {
      state: 'open';
      call: number;
      attempts: number;
      generation: number;
      openedAt: number;
      heartbeatMs: number;
      liveness: Liveness;
      renewal: Renewal;
      /** The server announced its restart, and the pause (ms) before a new connection. */
      drainMs?: number | undefined;
    }
  | {
      state: 'backoff';
      attempts: number;
      since: number;
      retryAt: number;
      reason:
        | { type: 'backoff' }
        /** The server requested this pause. Only the user can shorten it. */
        | { type: 'paused' }
        /** The session checks its tokens. A higher generation ends the wait. */
        | { type: 'unauthorized'; generation: number };
      problem: Problem;
    }
  /** `forbidden` ends at `retryAt` or with other tokens, `retired` with `resume`. `superseded` is permanent. */
  | {
      state: 'closed';
      reason: { type: 'forbidden'; generation: number; retryAt: number } | { type: 'superseded' } | { type: 'retired' };
      problem: Problem;
    };

export type SocketInputs = {
  /** Generation of the session's tokens. `undefined` without a session. */
  generation: number | undefined;
  /** A tab listens, or a publication waits in the outbox. */
  wanted: boolean;
  online: boolean;
  visible: boolean;
};

export type Socket = {
  state: SocketState;
  inputs: SocketInputs;
  calls: number;
  /** Rejected authorizations in a row. */
  unauthorizedCount: number;
  /** Short-lived connections in a row, with the current one. */
  unstableConnections: number;
  /** The server's announced window (ms). It stays after the connection is lost. */
  windowMs?: number | undefined;
  /** When an unwanted connection is closed. */
  idleAt?: number | undefined;
  /** `retiring`: a newer worker takes over. An open connection stays, but no new one is opened. */
  role: 'serving' | 'retiring';
};

/** The meaning of a close code. Each codec defines its own. */
export type CloseVerdict =
  | { type: 'redial' }
  /** The server gave this client a slot in `ms` milliseconds. */
  | { type: 'wait'; ms: number }
  | { type: 'authorize' }
  | { type: 'stop' }
  /** The server ended the stream on purpose. The pages get the close, and a new connection only if one asks for it. */
  | { type: 'end' }
  | { type: 'superseded' };

/** The content of the server's greeting. An absent field has a default. */
export type Greeting = {
  heartbeatMs?: number | undefined;
  windowMs?: number | undefined;
  expiresInMs?: number | undefined;
};

export type SocketEvent =
  | { type: 'inputs'; inputs: SocketInputs }
  | { type: 'nudge'; cause: NudgeCause }
  | { type: 'ticket'; call: number; ticket: string; freshForMs: number }
  | { type: 'ticket-failed'; call: number; problem: Problem }
  | ({ type: 'greeted'; call: number } & Greeting)
  | { type: 'received'; call: number }
  | { type: 'renewed'; call: number; expiresInMs: number }
  | { type: 'draining'; call: number; ms: number }
  | { type: 'closed'; call: number; verdict: CloseVerdict; problem: Problem }
  /** The alarm for `due` fired. */
  | { type: 'alarm'; due: number }
  | { type: 'retire' }
  /** The newer worker did not take over, so this one connects again. */
  | { type: 'resume' };

export type SocketEffect =
  | { type: 'fetch-ticket'; call: number }
  | { type: 'dial'; call: number; ticket: string }
  /** Ends the ticket request or the connection of `call`. */
  | { type: 'hang-up'; call: number; code: number }
  /** `afterChange`: the network may be another one, or the computer slept. */
  | { type: 'probe'; call: number; afterChange?: true | undefined }
  | { type: 'renew'; call: number; ticket: string }
  | { type: 'report-unauthorized'; generation: number };

/** Durations in milliseconds. */
export type SocketPolicy = {
  /** Names the endpoint in problems. */
  endpoint: string;
  /** Interval of the probes, unless the server's greeting has another one. */
  heartbeatMs: number;
  heartbeatMinMs: number;
  heartbeatMaxMs: number;
  /** Deadline of the answer to a probe. */
  answerWithinMs: number;
  /** Deadline of a ticket, and of a dial up to the greeting. */
  connectWithinMs: number;
  /** Minimum remaining lifetime of a ticket, so that it arrives in time. At most half of its lifetime. */
  ticketMarginMs: number;
  /** An alarm this late means that the computer slept. */
  lateMs: number;
  /** A connection that was open for this long counts as stable. */
  stableAfterMs: number;
  idleAfterMs: number;
  /** Minimum time between two attempts that nudges start. */
  nudgeSpacingMs: number;
  /** Minimum wait while the browser reports that it is offline, because that may be wrong. */
  offlineRetryMs: number;
  /** Maximum wait for newer tokens before an attempt with the same ones. */
  unauthorizedWaitMs: number;
  /** After several rejections of the tokens in a row: waits as after a 403, instead of the backoff. */
  stopsUnauthorized: boolean;
  /** Wait after the server forbade the socket, or its ticket several times in a row. */
  forbiddenRetryMs: number;
  /** Renew this long before expiry, at most half of the remaining time. */
  renewLeadMs: number;
  renewRetryMs: number;
  /** Maximum delay of a renewal. A timer has a limit of 24.8 days (2^31 − 1 ms). */
  renewMaxMs: number;
};

const SECOND = 1_000;

export const socketPolicy = (endpoint: string, stopsUnauthorized = false): SocketPolicy => ({
  endpoint,
  heartbeatMs: 20 * SECOND,
  heartbeatMinMs: SECOND,
  heartbeatMaxMs: 60 * SECOND,
  answerWithinMs: 3 * SECOND,
  connectWithinMs: 10 * SECOND,
  ticketMarginMs: SECOND,
  lateMs: SECOND,
  stableAfterMs: 5 * SECOND,
  idleAfterMs: 10 * SECOND,
  nudgeSpacingMs: SECOND,
  offlineRetryMs: 30 * SECOND,
  unauthorizedWaitMs: 5 * SECOND,
  stopsUnauthorized,
  forbiddenRetryMs: 300 * SECOND,
  renewLeadMs: 30 * SECOND,
  renewRetryMs: 5 * SECOND,
  renewMaxMs: 86_400 * SECOND,
});

export type SocketContext = StepContext<SocketPolicy>;

export type SocketStep = Step<Socket, SocketEffect>;
