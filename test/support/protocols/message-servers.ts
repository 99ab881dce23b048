import type { WebSocket } from 'ws';
import { isObject, numberAt, own, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';
import { onText, type Serve } from './serve.ts';

/*
 * The smallest servers of four JSON protocols. Each sends all its clients what one of them says. Their own servers are
 * programs in other languages, and npm has none.
 */

/** Calls `send` for each open connection. */
const createRoom = () => {
  const open = new Set<WebSocket>();
  return {
    add: (ws: WebSocket): void => {
      open.add(ws);
      ws.on('close', () => open.delete(ws));
    },
    send: (text: string): void => open.forEach((ws) => ws.send(text)),
  };
};

/** SignalR's hub protocol in JSON (https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md). */
export const createSignalrServer = (): Serve => {
  const END = '\x1e';
  const room = createRoom();
  return (ws) =>
    onText(ws, (text) => {
      for (const part of text.split(END)) {
        const message = parseJson(part);
        if (!isObject(message)) continue;
        const [type, id] = [numberAt(message, 'type'), stringAt(message, 'invocationId')];
        if (stringAt(message, 'protocol') !== undefined) {
          ws.send(`{}${END}`);
          room.add(ws);
        }
        if (type !== 1) continue;
        if (id !== undefined) ws.send(JSON.stringify({ type: 3, invocationId: id, result: null }) + END);
        room.send(JSON.stringify({ type: 1, target: 'said', arguments: own(message, 'arguments') }) + END);
      }
    });
};

/** The Pusher Channels protocol 7 (https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/). */
export const createPusherServer = (): Serve => {
  const room = createRoom();
  return (ws) => {
    const established = { socket_id: '1.1', activity_timeout: 120 };
    ws.send(JSON.stringify({ event: 'pusher:connection_established', data: JSON.stringify(established) }));
    onText(ws, (text) => {
      const message = parseJson(text);
      if (!isObject(message)) return;
      const event = stringAt(message, 'event') ?? '';
      const data = own(message, 'data');
      if (event === 'pusher:ping') ws.send('{"event":"pusher:pong","data":{}}');
      if (event === 'pusher:subscribe' && isObject(data)) {
        const channel = stringAt(data, 'channel');
        ws.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }));
        room.add(ws);
      }
      if (event.startsWith('client-')) room.send(JSON.stringify({ ...message, data: JSON.stringify(data) }));
    });
  };
};

/** Action Cable (https://github.com/rails/rails/tree/main/actioncable): `actioncable-v1-json`. */
export const createActionCableServer = (): Serve => {
  const PING_MS = 1_000;
  const room = createRoom();
  return (ws) => {
    ws.send('{"type":"welcome"}');
    const pinging = setInterval(() => ws.send(JSON.stringify({ type: 'ping', message: 1 })), PING_MS);
    ws.on('close', () => clearInterval(pinging));
    onText(ws, (text) => {
      const message = parseJson(text);
      if (!isObject(message)) return;
      const [command, identifier] = [stringAt(message, 'command'), stringAt(message, 'identifier') ?? ''];
      const data = parseJson(stringAt(message, 'data') ?? '');
      if (command === 'subscribe') {
        ws.send(JSON.stringify({ identifier, type: 'confirm_subscription' }));
        room.add(ws);
      }
      if (command === 'message') room.send(JSON.stringify({ identifier, message: data }));
    });
  };
};

/** A room of Colyseus 0.16 without a state (https://docs.colyseus.io/): a client's messages come back. */
export const serveColyseusRoom: Serve = (ws) => {
  const [JOIN_ROOM, ROOM_DATA] = [10, 13];
  const text = (value: string): readonly number[] => [value.length, ...Buffer.from(value)];
  ws.send(Buffer.from([JOIN_ROOM, ...text('token'), ...text('none')]));
  ws.on('message', (data: Buffer) => (data[0] === ROOM_DATA ? ws.send(data) : undefined));
};
