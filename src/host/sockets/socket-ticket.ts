import { parseSocketTicket, type SocketTicket } from '../../protocol/backend-responses.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import { TICKET_SUBPROTOCOL_PREFIX } from '../../protocol/frames.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { parseRetryAfter } from '../../protocol/timing/retry-after.ts';

export type TicketRequest = {
  ticket: SocketConfig['ticket'];
  /** Sends with authorization. Resolves with the server's answer of any status. */
  request(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds since the Unix epoch, for a `Retry-After` that is a date. */
  now: number;
  signal: AbortSignal;
};

const problemOf = ({ status, headers }: Response, at: string, now: number): Problem => {
  if (status === 401 || status === 403) return { code: 'credentials-rejected', at, status };
  const code = status === 429 ? 'rate-limited' : 'server-unavailable';
  return { code, at, status, retryAfterMs: parseRetryAfter(headers, now) };
};

/**
 * Fetches a single-use ticket for one connection attempt. A failed WebSocket handshake shows no status and no
 * `Retry-After`. This request shows both.
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

/** `btoa` takes ASCII only. A ticket is a `b64token` (RFC 6750 §2.1), so it is ASCII. */
const base64url = (text: string): string => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** The query parameter in which old backends expect a ticket. */
const QUERY_PARAMETER = 'token';
const PLACE = '{ticket}';

/** `first`: the first frame. */
export type TicketHandshake = { url: string; protocols: readonly string[]; first?: string };

/** How the ticket travels. A parameter of the page with the same name stays, because the page's query is not ours. */
export const handshakeOf = (
  { codec, ticket: { carry, parameter = QUERY_PARAMETER, message = PLACE } }: SocketConfig,
  url: URL,
  protocols: readonly string[],
  ticket: string,
): TicketHandshake => {
  // The server must choose one subprotocol, and must not choose the ticket's. So there is always another one.
  if (carry === 'protocol')
    return {
      url: url.href,
      protocols: [...(protocols.length > 0 ? protocols : [codec]), TICKET_SUBPROTOCOL_PREFIX + base64url(ticket)],
    };
  if (carry === 'message') return { url: url.href, protocols, first: message.replaceAll(PLACE, () => ticket) };
  const target = new URL(url);
  // `searchParams` would write the page's own query in another way.
  const own = `${encodeURIComponent(parameter)}=${encodeURIComponent(ticket)}`;
  target.search = target.search === '' ? own : `${target.search}&${own}`;
  return { url: target.href, protocols };
};

/**
 * For the journal: the server took the ticket request, and not the handshake. A browser does not say why. It also ends a
 * handshake whose server chooses none of the offered subprotocols (https://websockets.spec.whatwg.org/#websocket-opening-handshake).
 */
export const noHandshake = ({ ticket: { carry } }: SocketConfig): [what: string, detail: string] => [
  'handshake failed',
  carry === 'protocol' ? 'does the server choose a subprotocol? Otherwise set ticket.carry' : carry,
];

/** The WebSocket URL for a path or an `http(s)` URL. Throws on an invalid URL. */
export const socketUrl = (url: string, origin: string): URL => {
  const found = new URL(url, origin);
  found.protocol = found.protocol.replace(/^http/, 'ws');
  found.hash = '';
  return found;
};
