import type { WebSocket } from 'ws';
import { onText, type Serve } from './serve.ts';

/*
 * The smallest STOMP 1.2 broker (https://stomp.github.io/stomp-specification-1.2.html). Brokers on npm are unmaintained.
 */
type Frame = { command: string; headers: ReadonlyMap<string, string>; body: string };

const parseFrame = (text: string): Frame => {
  const [head = '', body = ''] = text.split(/\n\n([^]*)/);
  const [command = '', ...lines] = head.split('\n');
  return {
    command,
    headers: new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])),
    body,
  };
};

export const createStompServer = (): Serve => {
  const subscriptions = new Map<WebSocket, Map<string, string>>();
  const send = (ws: WebSocket, command: string, headers: Readonly<Record<string, string>>, body = ''): void =>
    ws.send(
      `${command}\n${Object.entries(headers)
        .map(([name, value]) => `${name}:${value}\n`)
        .join('')}\n${body}\0`,
    );
  let last = 0;

  const receive = (ws: WebSocket, own: Map<string, string>, { command, headers, body }: Frame): void => {
    const [id = '', destination = ''] = [headers.get('id'), headers.get('destination')];
    if (command === 'CONNECT' || command === 'STOMP') send(ws, 'CONNECTED', { version: '1.2', 'heart-beat': '0,0' });
    if (command === 'SUBSCRIBE') own.set(id, destination);
    if (command === 'UNSUBSCRIBE') own.delete(id);
    if (command !== 'SEND') return;
    for (const [other, theirs] of subscriptions)
      for (const [subscription, to] of theirs)
        if (to === destination)
          send(other, 'MESSAGE', { subscription, destination, 'message-id': String(++last) }, body);
  };

  return (ws) => {
    const own = new Map<string, string>();
    subscriptions.set(ws, own);
    ws.on('close', () => subscriptions.delete(ws));
    onText(ws, (text) => {
      for (const part of text.split('\0'))
        if (part.trim() !== '') receive(ws, own, parseFrame(part.replace(/^\n+/, '')));
    });
  };
};
