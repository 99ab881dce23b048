import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';

/** How the link's life is known. Times are milliseconds since the epoch by this device's clock. */
export type Liveness =
  /** The next probe goes out then, whatever is heard meanwhile: the server must hear us, too. */
  | { is: 'heard'; probeAt: number }
  /** Anything at all must be heard by then. */
  | { is: 'probing'; answerBy: number };

/** Renewal of the authorization of the socket while it is open. */
export type Renewal =
  | { is: 'none' }
  | { is: 'due'; renewAt: number }
  | { is: 'asking'; call: number; generation: number; askedAt: number; by: number }
  /** The server has yet to say that it took the ticket. */
  | { is: 'sent'; generation: number };

/** `made` counts the tries since the last loss; `generation` is that of the tokens that the try was made with. */
export type SocketState =
  | { at: 'parked' }
  | { at: 'ticketing'; call: number; made: number; generation: number; askedAt: number; by: number }
  /** From the dial to the server's greeting: only then is a socket of any use. */
  | { at: 'dialling'; call: number; made: number; generation: number; by: number }
  | {
      at: 'open';
      call: number;
      made: number;
      generation: number;
      openedAt: number;
      heartbeatMs: number;
      liveness: Liveness;
      renewal: Renewal;
      /** The server said that it is about to restart, and when to come back. */
      drainMs?: number | undefined;
    }
  | {
      at: 'resting';
      made: number;
      since: number;
      retryAt: number;
      why:
        | { is: 'backoff' }
        /** The server asked for this pause: only a person may cut it short. */
        | { is: 'paused' }
        /** The session is looking at its tokens; a generation above this one ends the wait. */
        | { is: 'unauthorized'; generation: number };
      problem: Problem;
    }
  /** `forbidden` tries again at `retryAt`, or with other tokens; `superseded` is for good, `retired` unless resumed. */
  | {
      at: 'stopped';
      why: { is: 'forbidden'; generation: number; retryAt: number } | { is: 'superseded' } | { is: 'retired' };
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
  refusals: number;
  /** Links in a row that opened and did not last, up to the newest one. */
  short: number;
  /** The announced window (ms) outlives the link that announced it. */
  windowMs?: number | undefined;
  /** When a socket that nobody wants any more is given up. */
  parkAt?: number | undefined;
  /** `retiring`: a newer worker takes over; what is open stays, and nothing new is dialled. */
  duty: 'serving' | 'retiring';
};

/** What a close means; the codec says it (close codes are not universal). */
export type CloseVerdict =
  | { do: 'redial' }
  /** The server gave a slot: come back in so many milliseconds. */
  | { do: 'wait'; ms: number }
  | { do: 'authorize' }
  | { do: 'stop' }
  | { do: 'superseded' };

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
  | { type: 'heard'; call: number }
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
  at: string;
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
  parkAfterMs: number;
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

export const socketPolicy = (at: string): SocketPolicy => ({
  at,
  heartbeatMs: 20 * SECOND,
  heartbeatMinMs: SECOND,
  heartbeatMaxMs: 60 * SECOND,
  answerWithinMs: 3 * SECOND,
  connectWithinMs: 10 * SECOND,
  ticketMarginMs: SECOND,
  lateMs: SECOND,
  stableAfterMs: 5 * SECOND,
  parkAfterMs: 10 * SECOND,
  nudgeSpacingMs: SECOND,
  offlineRetryMs: 30 * SECOND,
  unauthorizedWaitMs: 5 * SECOND,
  forbiddenRetryMs: 300 * SECOND,
  renewLeadMs: 30 * SECOND,
  renewRetryMs: 5 * SECOND,
  renewMaxMs: 86_400 * SECOND,
});
