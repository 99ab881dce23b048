/** 250 messages a second from one page on average. Publications count too. */
const RATE_WINDOW_MS = 20_000;
const MAX_MESSAGES = 5_000;

/**
 * Whether the worker processes one more message of this client. A client above the limit is ignored until the next
 * window. Windows are numbered, so that a clock that jumps back cannot prolong one.
 */
export const createClientRateLimit = (now: () => number): ((client: string) => boolean) => {
  let window: number;
  let counts = new Map<string, number>();
  return (client) => {
    const current = Math.floor(now() / RATE_WINDOW_MS);
    if (window !== current) counts = new Map();
    window = current;
    const count = (counts.get(client) ?? 0) + 1;
    counts.set(client, count);
    return count <= MAX_MESSAGES;
  };
};
