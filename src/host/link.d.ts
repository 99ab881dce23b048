/** What the link needs of a WebSocket constructor; the browser's own has it. */
export type WebSocketMaker = new (url: string, protocols?: string | string[]) => WebSocket;
export type LinkOptions = {
    WebSocket: WebSocketMaker;
    url: string;
    protocols: readonly string[];
    /** `protocol` is the one that the server chose. */
    opened(protocol: string): void;
    received(data: string | ArrayBuffer): void;
    /** Once, and never after `hangUp`. */
    closed(code: number, reason: string, wasClean: boolean): void;
};
/** One attempt at a WebSocket. It knows bytes only. */
export type Link = {
    /** Dropped while the socket is not open: what must not get lost is kept by whoever sends it. */
    send(data: string | ArrayBuffer): void;
    /** Asks the server to close; `closed` tells how it went. */
    close(code: number, reason: string): void;
    /** Nothing of this link is heard any more from here on, though the browser may take its time to close it. */
    hangUp(code: number, reason?: string): void;
};
export declare const openLink: ({ WebSocket, url, protocols, opened, received, closed }: LinkOptions) => Link;
