import { parseSocketTicket, type SocketTicket } from '../../protocol/backend-responses.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import { TICKET_SUBPROTOCOL_PREFIX } from '../../protocol/frames.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';

export type TicketRequest = {
  ticket: SocketConfig['ticket'];
  /** Sends it with authorization; resolves with the server's answer whatever its status. */
  request(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds since the epoch, for a `Retry-After` that is a date. */
  now: number;
  signal: AbortSignal;
};

/** RFC 9110 §10.2.3: seconds, or a date. */
const retryAfterMs = (headers: Headers, now: number): number | undefined => {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
};

const problemOf = ({ status, headers }: Response, at: string, now: number): Problem => {
  if (status === 401 || status === 403) return { code: 'credentials-rejected', at, status };
  const pause = retryAfterMs(headers, now);
  return { code: status === 429 ? 'rate-limited' : 'server-unavailable', at, status, retryAfterMs: pause };
};

/**
 * A fresh single-use ticket. This is the one step of a connection at which a browser can read a status and a
 * `Retry-After`: a failed WebSocket handshake shows neither.
 */
export const fetchTicket = async ({ ticket, request, now, signal }: TicketRequest): Promise<Result<SocketTicket>> => {
  const at = ticket.url;
  try {
    const response = await request(at, {
      method: ticket.method,
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal,
    });
    if (!response.ok) return failed(problemOf(response, at, now));
    const parsed = parseSocketTicket(await response.text());
    return parsed
      ? ok(parsed)
      : failed({ code: 'unexpected-answer', at, status: response.status, detail: 'not a ticket' });
  } catch {
    return failed(signal.aborted ? { code: 'cancelled' } : { code: 'network-unreachable', at });
  }
};

/** A ticket is a `b64token`: ASCII, so `btoa` takes it. */
const base64url = (text: string): string => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** Name of the query parameter that old backends take a ticket in. */
const QUERY_PARAMETER = 'token';

/** Where to dial, and the subprotocols to offer; one of them carries the ticket, unless the URL has to. */
export const handshakeOf = (
  { codec, ticket: { carry } }: SocketConfig,
  url: URL,
  protocols: readonly string[],
  ticket: string,
): { url: string; protocols: readonly string[] } => {
  // A server has to choose one, and the ticket's is not for choosing.
  if (carry === 'protocol')
    return {
      url: url.href,
      protocols: [...(protocols.length > 0 ? protocols : [codec]), TICKET_SUBPROTOCOL_PREFIX + base64url(ticket)],
    };
  const target = new URL(url);
  target.searchParams.set(QUERY_PARAMETER, ticket);
  return { url: target.href, protocols };
};

/** A path or an `http(s)` URL as the WebSocket URL that it means. Throws on what is no URL. */
export const socketUrl = (url: string, origin: string): URL => {
  const found = new URL(url, origin);
  found.protocol = found.protocol.replace(/^http/, 'ws');
  found.hash = '';
  return found;
};
