import type { WebSocket } from 'ws';
import type { Serve } from './serve.ts';

/*
 * The smallest NATS server (https://docs.nats.io/reference/reference-protocols/nats-protocol): INFO, CONNECT, PING, SUB,
 * UNSUB and PUB, on text payloads. The server itself is a program in Go, and npm has none.
 */
const INFO = {
  server_id: 'test',
  server_name: 'test',
  version: '2.11.0',
  proto: 1,
  headers: true,
  max_payload: 1_048_576,
};

export const createNatsServer = (): Serve => {
  const subscriptions = new Map<WebSocket, Map<string, string>>();
  const publish = (subject: string, payload: string): void => {
    for (const [ws, own] of subscriptions)
      for (const [sid, to] of own)
        if (to === subject)
          ws.send(Buffer.from(`MSG ${subject} ${sid} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`));
  };
  return (ws) => {
    const own = new Map<string, string>();
    let buffered = '';
    subscriptions.set(ws, own);
    ws.on('close', () => subscriptions.delete(ws));
    ws.send(Buffer.from(`INFO ${JSON.stringify(INFO)}\r\n`));
    ws.on('message', (data: Buffer) => {
      buffered += data.toString('latin1');
      for (;;) {
        const end = buffered.indexOf('\r\n');
        if (end < 0) return;
        const [verb = '', first = '', second = ''] = buffered.slice(0, end).split(' ');
        const size = verb === 'PUB' ? Number(buffered.slice(0, end).split(' ').at(-1)) : 0;
        const after = end + 2 + (verb === 'PUB' ? size + 2 : 0);
        if (buffered.length < after) return;
        if (verb === 'PUB') publish(first, buffered.slice(end + 2, end + 2 + size));
        if (verb === 'PING') ws.send(Buffer.from('PONG\r\n'));
        if (verb === 'SUB') own.set(buffered.slice(0, end).split(' ').at(-1) ?? second, first);
        if (verb === 'UNSUB') own.delete(first);
        buffered = buffered.slice(after);
      }
    });
  };
};
