/** `later`: the client may come in `ms` milliseconds. */
export type Admission = { type: 'now' } | { type: 'later'; ms: number };

/**
 * Limits how many sockets open per second. It applies to ticket requests, because a browser hides the status and
 * the `Retry-After` of a refused WebSocket handshake from its page.
 */
export type AdmissionControl<A = Admission | Promise<Admission>> = {
  /** The window (ms) over which this many clients should spread their requests. */
  windowMs(clients: number): number;
  /** Admits the client, or reserves a later slot for it. The client is admitted when it comes back for its slot. */
  admit(client: string): A;
};

/** Clients that fit into this time at the given rate need not wait. */
export const BURST_MS = 1_000;
/** `Retry-After` has whole seconds, so clients come slightly early or late. */
export const EARLY_MS = 2_000;
/** How long a slot stays reserved for a client that does not come. */
export const SLOT_TTL_MS = 60_000;
const MIN_WINDOW_MS = 250;
/** Bounds the memory when an attacker invents clients. */
const MAX_SLOTS = 1_000_000;

/**
 * A wait as a `Retry-After` value: whole seconds (RFC 9110 §10.2.3). Subtracts the second over which clients spread.
 * `chance` in [0, 1) is a random number for the rounding. Plain rounding makes clients come in waves: it gave peaks of
 * 67,000 attempts a second instead of 59,000 (measured).
 */
export const retryAfterSeconds = (ms: number, chance: number): number =>
  Math.max(0, Math.floor(ms / 1_000 - 1.5 + 2 * chance));

/** `now`: a monotonic clock in ms. */
export const createAdmissionControl = ({
  perSecond,
  now,
}: {
  perSecond: number;
  now: () => number;
}): AdmissionControl<Admission> => {
  const unitMs = 1_000 / perSecond;
  /** Client → time of its slot. In the order of the times, because slots are reserved in that order. */
  const slots = new Map<string, number>();
  let next = 0;
  let cleanUpAt = 0;

  /** Runs once per `SLOT_TTL_MS`, because iterating a Map from its start also passes its deleted entries. */
  const removeExpired = (at: number): void => {
    if (at < cleanUpAt) return;
    cleanUpAt = at + SLOT_TTL_MS;
    for (const [client, slot] of slots) {
      if (slot >= at - SLOT_TTL_MS) return;
      slots.delete(client);
    }
  };

  return {
    windowMs: (clients) => Math.max(MIN_WINDOW_MS, Math.ceil(clients * unitMs)),
    admit(client) {
      const at = now();
      removeExpired(at);
      const slot = slots.get(client);
      if (slot !== undefined && slot - at > EARLY_MS) return { type: 'later', ms: slot - at };
      if (slot !== undefined) {
        slots.delete(client);
        return { type: 'now' };
      }
      next = Math.max(next, at);
      const reserved = next;
      next += unitMs;
      if (reserved - at <= BURST_MS) return { type: 'now' };
      if (slots.size < MAX_SLOTS) slots.set(client, reserved);
      return { type: 'later', ms: reserved - at };
    },
  };
};

/** Default of the server option `acceptsPerSecond`. */
export const DEFAULT_ACCEPTS_PER_SECOND = 200;

/** Tickets for one person in one window. */
const TICKETS_PER_WINDOW = 200;
const WINDOW_MS = 10_000;

/** Limits tickets in fixed windows. A window has a number, so that a jump of the clock only starts another window. */
export const createTicketQuota = (now: () => number): Pick<AdmissionControl<Admission>, 'admit'> => {
  let window = -1;
  let counts = new Map<string, number>();
  return {
    admit(client) {
      const at = now();
      const current = Math.floor(at / WINDOW_MS);
      if (current !== window) counts = new Map();
      window = current;
      const count = (counts.get(client) ?? 0) + 1;
      counts.set(client, count);
      return count <= TICKETS_PER_WINDOW ? { type: 'now' } : { type: 'later', ms: (current + 1) * WINDOW_MS - at };
    },
  };
};
