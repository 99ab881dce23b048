import type { PortFrame, TabMessage } from '../protocol/bridge.ts';
import { type WebSocketMaker } from './link.ts';
type SocketMessage = Extract<TabMessage, {
    socket: string;
}>;
/** URLs that the configuration does not name: one upstream for each tab's socket, closes pass through. */
export type PrivateSockets = {
    /** Whether this tab has a private socket of that name, or has one now. */
    take(tab: string, message: SocketMessage): boolean;
    tabLeft(tab: string): void;
};
export type PrivateSocketsOptions = {
    origin: string;
    WebSocket: WebSocketMaker;
    tell(tab: string, frame: PortFrame): void;
};
export declare const createPrivateSockets: ({ origin, WebSocket, tell }: PrivateSocketsOptions) => PrivateSockets;
export {};
