import type { Intro, NudgeCause, PortFrame, TabMessage } from '../protocol/bridge.ts';
import type { SocketConfig } from '../protocol/config.ts';
import type { HostIdentity } from '../protocol/frames.ts';
import type { Result } from '../protocol/problem.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import type { WebSocketMaker } from './link.ts';
import type { OutboxStore } from './outbox-store.ts';
import { type Publication } from './publications.ts';
import type { Clock, Random } from './types.ts';
export type SocketsOptions = {
    config: readonly SocketConfig[];
    origin: string;
    clock: Clock;
    random: Random;
    identity: HostIdentity;
    /** Sends with authorization (the keeper's, or the browser's cookie). */
    request(url: string, init: RequestInit): Promise<Response>;
    outbox: OutboxStore;
    /** Frames for one tab, coalesced: at most one call a tab and macrotask. */
    deliver(tab: string, frames: PortFrame[]): void;
    /** `views()` changed: at once for a state, once a second at most for counts. */
    onChange(): void;
    /** A server refused tokens of this generation. A question, never a verdict. */
    onUnauthorized(generation: number): void;
    journal(machine: string, what: string, detail?: string): void;
    WebSocket?: WebSocketMaker | undefined;
};
export type Sockets = {
    /** `generation` undefined: nobody is signed in (or not yet), hang up. Another `sub` drops what the former one left. */
    session(input: {
        generation: number | undefined;
        sub?: string | undefined;
    }): void;
    environment(input: {
        online: boolean;
        visible: boolean;
    }): void;
    nudge(cause: NudgeCause): void;
    /** A tab came, or came again: `topics` is all that it listens to. */
    tabArrived(tab: string, topics: Intro['topics']): void;
    tabLeft(tab: string): void;
    fromTab(tab: string, message: TabMessage): void;
    /** Resolves once it is on the disk; `acked` or `refused` follows to every tab. */
    publish(publication: Publication): Promise<Result<null>>;
    /** By URL as configured. */
    views(): Snapshot['sockets'];
    /** A newer worker takes over: what is open stays until that one dials, and nothing new is dialled. */
    handOver(): void;
    /** Resolves when a stop of the worker would lose nothing. */
    settled(): Promise<void>;
};
/** All sockets of an origin: who listens to what, and one upstream for each configured URL. */
export declare const createSockets: (options: SocketsOptions) => Sockets;
