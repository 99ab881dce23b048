import { pageApp, type OnNumber, type SocketApp } from './socket-app.ts';

/*
 * What users of a bare WebSocket write by hand for messages that they may not lose. After each opening the page says the last
 * position that it has, and the server sends what came after it. The libraries have no such part. Without it, each message
 * during a break would count against them, and no client can have what its server does not keep.
 */

/** What `reconnecting-websocket` and `partysocket` have in common with the browser's own class. */
export type RawSocket = {
  addEventListener(type: 'open' | 'message', listener: (event: { data?: unknown }) => void): void;
  send(data: string): void;
};

export const RAW_PATH = '/socket';

type Frame = { position?: number; number?: number };

/** Reads the stream of numbers from a socket. `onFrame`: called for each frame, also for those that carry no number. */
export const readNumbers = (socket: RawSocket, onNumber: OnNumber, onFrame: () => void = () => undefined): void => {
  let last: number | null = null;
  socket.addEventListener('open', () => socket.send(JSON.stringify({ since: last })));
  socket.addEventListener('message', ({ data }) => {
    onFrame();
    const { position, number } = JSON.parse(String(data)) as Frame;
    if (position === undefined) return;
    last = position;
    if (number !== undefined) onNumber(number);
  });
};

/** An app with a bare socket. */
export const rawApp = (create: () => RawSocket): SocketApp => pageApp((onNumber) => readNumbers(create(), onNumber));
