/**
 * The longest `Retry-After` (ms) that we follow. A mistake in a server's configuration must not keep people out for
 * hours. The server of a longer outage gets one request in five minutes from each client.
 */
export const MAX_RETRY_AFTER_MS = 300_000;

/** Real servers also send fractions (`0.65`), which the RFC does not have. */
const SECONDS = /^\d+(\.\d+)?$/;

/**
 * RFC 9110 §5.6.7: a date begins with its day, and all three forms are UTC. Only the `asctime` form does not say so.
 * `Date.parse` alone also takes `-5`, as a month.
 */
const parseDate = (value: string): number =>
  /^[A-Z]/.test(value) ? Date.parse(value.endsWith('GMT') ? value : `${value} GMT`) : Number.NaN;

/**
 * `Retry-After` of a response in ms from now, from 0 to `MAX_RETRY_AFTER_MS`, or `undefined` (RFC 9110 §10.2.3).
 * A date counts from the response's own `Date`: the clock of a device may be wrong by hours. `now` is in ms since the
 * Unix epoch and stands in for an absent `Date`.
 */
export const parseRetryAfter = (headers: { get(name: string): string | null }, now: number): number | undefined => {
  const value = headers.get('retry-after');
  // Nearly every response. The first date that a worker parses takes it 3 ms (Chromium 156).
  if (value === null) return undefined;
  const wait = SECONDS.test(value)
    ? Number(value) * 1_000
    : parseDate(value) - (parseDate(headers.get('date') ?? '') || now);
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS);
};
