import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

/** Serves one accepted connection. */
export type Serve = (ws: WebSocket, request: IncomingMessage) => void;

/** Handles each text message. */
export const onText = (ws: WebSocket, handle: (text: string) => void): void =>
  void ws.on('message', (data: Buffer) => handle(data.toString('utf8')));
