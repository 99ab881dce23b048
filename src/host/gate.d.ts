import type { DPoPHandle } from 'oauth4webapi';
import type { SessionEvent, Verdict } from '../core/session-types.ts';
export type GateOptions = {
    origin: string;
    /** The session's word on a request; immediate when the token is at hand. */
    ask(event: Extract<SessionEvent, {
        type: 'request' | 'refused';
    }>): Verdict | Promise<Verdict>;
    dpop(key: string): Promise<DPoPHandle>;
};
export type Gate = (request: Request) => Promise<Response>;
export declare const createGate: ({ origin, ask, dpop }: GateOptions) => Gate;
