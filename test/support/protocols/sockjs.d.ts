/* What the tests use of a library that has no types of its own. */
declare module 'sockjs' {
  import type { IncomingMessage } from 'node:http';
  import type { Duplex } from 'node:stream';

  type SockjsConnection = { on(event: 'data', listener: (text: string) => void): void; write(text: string): void };
  export const createServer: (options: { prefix: string; log(): void }) => {
    on(event: 'connection', listener: (connection: SockjsConnection) => void): void;
    listener(options: object): { getHandler(): (request: IncomingMessage, socket: Duplex, head: Buffer) => void };
  };
}
