/** A client's turn: now, or so many milliseconds from now. */
export type Admission = { is: 'now' } | { is: 'later'; ms: number };

/**
 * How fast sockets may be opened. A browser can read a refusal of its ticket, and none of a WebSocket handshake, so it
 * is at the ticket that clients are told when to come.
 */
export type AdmissionControl = {
  /** The window (ms) over which so many clients are to spread what they do all at once. */
  windowMs(clients: number): number;
  /** Whether this client may come in. One that may not has a slot from then on, and is let in when it comes for it. */
  admit(client: string): Admission;
};

/** So much of a second's accepts is taken at once: a fleet that fits into it need not wait. */
const BURST_MS = 1_000;
/** Clients are told whole seconds, so they come somewhat early or late. */
const EARLY_MS = 2_000;
/** A slot that nobody came for is kept so long. */
const KEPT_MS = 60_000;
const MIN_WINDOW_MS = 250;
/** A flood of made-up clients must not cost the memory. */
const MAX_SLOTS = 1_000_000;

/**
 * A wait as `Retry-After` has it: whole seconds (RFC 9110 §10.2.3). Clients spread over the second that they are told,
 * so that is taken off; `chance` in [0, 1) blurs the rest, for plain rounding sends them in waves (measured: peaks of
 * 67,000 tries a second instead of 59,000).
 */
export const retryAfterSeconds = (ms: number, chance: number): number =>
  Math.max(0, Math.floor(ms / 1_000 - 1.5 + 2 * chance));

/** `now` is any clock of milliseconds that never goes back. */
export const createAdmissionControl = ({
  perSecond,
  now,
}: {
  perSecond: number;
  now: () => number;
}): AdmissionControl => {
  const unitMs = 1_000 / perSecond;
  /** In the order of their times, for that is the order in which they are given. */
  const slots = new Map<string, number>();
  let next = 0;
  let forgetAt = 0;

  /** Now and then only: whoever walks a Map from its start passes all that was ever removed there. */
  const forget = (at: number): void => {
    if (at < forgetAt) return;
    forgetAt = at + KEPT_MS;
    for (const [client, slot] of slots) {
      if (slot >= at - KEPT_MS) return;
      slots.delete(client);
    }
  };

  return {
    windowMs: (clients) => Math.max(MIN_WINDOW_MS, Math.ceil(clients * unitMs)),
    admit(client) {
      const at = now();
      forget(at);
      const slot = slots.get(client);
      if (slot !== undefined && slot - at > EARLY_MS) return { is: 'later', ms: slot - at };
      if (slot !== undefined) {
        slots.delete(client);
        return { is: 'now' };
      }
      next = Math.max(next, at);
      const mine = next;
      next += unitMs;
      if (mine - at <= BURST_MS) return { is: 'now' };
      if (slots.size < MAX_SLOTS) slots.set(client, mine);
      return { is: 'later', ms: mine - at };
    },
  };
};

/** Sockets that this server opens in a second, unless it is told otherwise. */
export const DEFAULT_ACCEPTS_PER_SECOND = 200;

/** One client's share: more tickets than this in a window, and it is told to slow down. */
const TICKETS_A_WINDOW = 200;
const WINDOW_MS = 10_000;

/** Whether a client still has tickets to ask for in this window. Windows are numbered, whatever the clock does. */
export const createTicketQuota = (now: () => number): Pick<AdmissionControl, 'admit'> => {
  let window = -1;
  let asked = new Map<string, number>();
  return {
    admit(client) {
      const at = now();
      const current = Math.floor(at / WINDOW_MS);
      if (current !== window) asked = new Map();
      window = current;
      const count = (asked.get(client) ?? 0) + 1;
      asked.set(client, count);
      return count <= TICKETS_A_WINDOW ? { is: 'now' } : { is: 'later', ms: (current + 1) * WINDOW_MS - at };
    },
  };
};
