import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Step, StepContext } from '../machine.ts';

/** How the link's life is known. Times are milliseconds since the epoch by this device's clock. */
export type Liveness =
  /** The next probe goes out then, whatever is heard meanwhile: the server must hear us, too. */
  | { type: 'alive'; probeAt: number }
  /** Anything at all must be heard by then. */
  | { type: 'probing'; answerBy: number };

/** Renewal of the authorization of the socket while it is open. */
export type Renewal =
  | { type: 'none' }
  | { type: 'due'; renewAt: number }
  | { type: 'fetching'; call: number; generation: number; requestedAt: number; by: number }
  /** The server has yet to say that it took the ticket. */
  | { type: 'sent'; generation: number };

/** `attempts` counts the tries since the last loss; `generation` is that of the tokens that the try was attempts with. */
export type SocketState =
  | { state: 'idle' }
  | { state: 'fetching-ticket'; call: number; attempts: number; generation: number; requestedAt: number; by: number }
  /** From the dial to the server's greeting: only then is a socket of any use. */
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
      /** The server said that it is about to restart, and when to come back. */
      drainMs?: number | undefined;
    }
  | {
      state: 'backoff';
      attempts: number;
      since: number;
      retryAt: number;
      reason:
        | { type: 'backoff' }
        /** The server asked for this pause: only a person may cut it short. */
        | { type: 'paused' }
        /** The session is looking at its tokens; a generation above this one ends the wait. */
        | { type: 'unauthorized'; generation: number };
      problem: Problem;
    }
  /** `forbidden` tries again at `retryAt`, or with other tokens; `superseded` is for good, `retired` unless resumed. */
  | {
      state: 'closed';
      reason: { type: 'forbidden'; generation: number; retryAt: number } | { type: 'superseded' } | { type: 'retired' };
      problem: Problem;
    };

export type SocketInputs = {
  /** Generation of the session's tokens; `undefined`: there is no session. */
  generation: number | undefined;
  /** Someone listens, or a publication waits to be sent. */
  wanted: boolean;
  online: boolean;
  visible: boolean;
};

export type Socket = {
  state: SocketState;
  inputs: SocketInputs;
  calls: number;
  /** Refusals for authorization in a row. */
  unauthorizedCount: number;
  /** Links in a row that opened and did not last, up to the newest one. */
  unstableConnections: number;
  /** The announced window (ms) outlives the link that announced it. */
  windowMs?: number | undefined;
  /** When a socket that nobody wants any more is given up. */
  idleAt?: number | undefined;
  /** `retiring`: a newer worker takes over; what is open stays, and nothing new is dialled. */
  role: 'serving' | 'retiring';
};

/** What a close means; the codec says it (close codes are not universal). */
export type CloseVerdict =
  | { type: 'redial' }
  /** The server gave a slot: come back in so many milliseconds. */
  | { type: 'wait'; ms: number }
  | { type: 'authorize' }
  | { type: 'stop' }
  | { type: 'superseded' };

/** What the server's greeting says; what it does not say has a default. */
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
  /** The alarm that was set for `due` went off. */
  | { type: 'alarm'; due: number }
  | { type: 'retire' }
  /** The newer worker did not take over. */
  | { type: 'resume' };

export type SocketEffect =
  | { type: 'fetch-ticket'; call: number }
  | { type: 'dial'; call: number; ticket: string }
  /** Ends whatever `call` has in flight: its ticket request or its link. */
  | { type: 'hang-up'; call: number; code: number }
  | { type: 'probe'; call: number }
  | { type: 'renew'; call: number; ticket: string }
  | { type: 'report-unauthorized'; generation: number };

/** Durations in milliseconds. */
export type SocketPolicy = {
  /** Names the endpoint in problems. */
  endpoint: string;
  /** Silence after which a link is probed, unless the server's greeting says otherwise. */
  heartbeatMs: number;
  heartbeatMinMs: number;
  heartbeatMaxMs: number;
  /** A probe must be answered within this. */
  answerWithinMs: number;
  /** Deadline of a ticket, and of a dial up to the greeting. */
  connectWithinMs: number;
  /** A ticket must still be good for this long, to arrive in time; where it never is, for half its lifetime. */
  ticketMarginMs: number;
  /** An alarm that is this late was slept through. */
  lateMs: number;
  /** After this uptime the link counts as good. */
  stableAfterMs: number;
  idleAfterMs: number;
  /** Least time between two tries that nudges cause. */
  nudgeSpacingMs: number;
  /** While the browser says that it is offline: it may be wrong. */
  offlineRetryMs: number;
  /** How long to wait for newer tokens before asking with the same ones again. */
  unauthorizedWaitMs: number;
  /** A 403 may be a firewall's mood. */
  forbiddenRetryMs: number;
  /** Renew this long before the end, at most half of the remaining time. */
  renewLeadMs: number;
  renewRetryMs: number;
  /** A timer cannot be set further than 24.8 days ahead. */
  renewMaxMs: number;
};

const SECOND = 1_000;

export const socketPolicy = (endpoint: string): SocketPolicy => ({
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
  forbiddenRetryMs: 300 * SECOND,
  renewLeadMs: 30 * SECOND,
  renewRetryMs: 5 * SECOND,
  renewMaxMs: 86_400 * SECOND,
});

export type SocketContext = StepContext<SocketPolicy>;

export type SocketStep = Step<Socket, SocketEffect>;
