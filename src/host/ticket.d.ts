import { type Ticket } from '../protocol/api.ts';
import type { SocketConfig } from '../protocol/config.ts';
import { type Result } from '../protocol/problem.ts';
export type TicketRequest = {
    ticket: SocketConfig['ticket'];
    /** Sends it with authorization; resolves with the server's answer whatever its status. */
    request(url: string, init: RequestInit): Promise<Response>;
    /** Milliseconds since the epoch, for a `Retry-After` that is a date. */
    now: number;
    signal: AbortSignal;
};
/**
 * A fresh single-use ticket. This is the one step of a connection at which a browser can read a status and a
 * `Retry-After`: a failed WebSocket handshake shows neither.
 */
export declare const fetchTicket: ({ ticket, request, now, signal }: TicketRequest) => Promise<Result<Ticket>>;
/** Where to dial, and the subprotocols to offer; one of them carries the ticket, unless the URL has to. */
export declare const dialPlan: (config: SocketConfig, origin: string, subprotocol: string, ticket: string) => {
    url: string;
    protocols: readonly string[];
};
/** A path or an `http(s)` URL as the WebSocket URL that it means. Throws on what is no URL. */
export declare const socketUrl: (url: string, origin: string) => URL;
