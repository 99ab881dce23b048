import { type CodecEvent, type CodecKind } from '../core/codec.ts';
import { type SocketInputs } from '../core/socket-types.ts';
import type { NudgeCause, PortFrame } from '../protocol/bridge.ts';
import type { SocketConfig } from '../protocol/config.ts';
import { type HostIdentity } from '../protocol/frames.ts';
import type { SocketView } from '../protocol/snapshot.ts';
import { type WebSocketMaker } from './link.ts';
import type { Clock, Random } from './types.ts';
export type EndpointOptions = {
    config: SocketConfig;
    kind: CodecKind;
    origin: string;
    clock: Clock;
    random: Random;
    identity: HostIdentity;
    WebSocket: WebSocketMaker;
    request(url: string, init: RequestInit): Promise<Response>;
    /** `tab` undefined: every tab. */
    tell(tab: string | undefined, frame: PortFrame): void;
    /** The link is up and greeted: publications may go out. */
    greeted(): void;
    /** The server has an answer to this publication. */
    settled(id: string): void;
    onUnauthorized(generation: number): void;
    /** `counts`: nothing but numbers changed. */
    onChange(what: 'state' | 'counts'): void;
    journal(what: string, detail?: string): void;
};
/** One configured URL: its machine, its protocol, and whatever of them is in flight. */
export type Endpoint = {
    readonly kind: CodecKind;
    readonly listeners: number;
    readonly view: SocketView;
    inputs(inputs: SocketInputs): void;
    nudge(cause: NudgeCause): void;
    /** Something for the protocol, from a tab or from the outbox. */
    tell(event: CodecEvent): void;
    retire(): void;
};
export declare const createEndpoint: (options: EndpointOptions) => Endpoint;
