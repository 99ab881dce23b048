/** 250 messages a second from one page, however they are spread over this long: publications are messages too. */
const WINDOW_MS = 20_000;
const MOST = 5_000;

/**
 * Whether a client may be heard once more; one that floods is not heard until the window is over (whatever the clock
 * does: windows are numbered).
 */
export const createClientRateLimit = (now: () => number): ((client: string) => boolean) => {
  let window: number;
  let heard = new Map<string, number>();
  return (client) => {
    const current = Math.floor(now() / WINDOW_MS);
    if (window !== current) heard = new Map();
    window = current;
    const count = (heard.get(client) ?? 0) + 1;
    heard.set(client, count);
    return count <= MOST;
  };
};
