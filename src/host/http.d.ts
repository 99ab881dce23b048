import { type Result } from '../protocol/problem.ts';
/** An answer read whole, within its bounds. */
export type Answer = {
    at: string;
    status: number;
    text: string;
    retryAfterMs: number | undefined;
    receivedAt: number;
    response: Response;
};
export type Bounds = {
    deadlineMs: number;
    now(): number;
};
/** Names an endpoint in problems and journals: never its query, which may carry secrets. */
export declare const placeOf: (url: string | URL, origin: string) => string;
/** Seconds or a date (RFC 9110 §10.2.3), in ms from now. */
export declare const retryAfter: (headers: Headers, now: number) => number | undefined;
/** One request, never cached, never redirected, bounded in time and size. Errors are data. */
export declare const ask: (send: (signal: AbortSignal) => Promise<Response>, at: string, { deadlineMs, now }: Bounds) => Promise<Result<Answer>>;
export declare const QUIET: RequestInit;
export declare const postJson: (url: string, body: unknown, signal: AbortSignal) => Promise<Response>;
