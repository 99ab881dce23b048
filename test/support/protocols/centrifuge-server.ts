import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../../src/protocol/schema/json.ts';
import { onText, type Serve } from './serve.ts';

/*
 * The smallest server of Centrifugo's protocol in JSON, as https://centrifugal.dev/docs/transports/client_protocol and
 * https://centrifugal.dev/docs/server/history_and_recovery describe it: npm has none. Channels whose name starts with
 * `live:` keep no history. The others keep all of it.
 */
export type CentrifugeServer = { serve: Serve; publish(channel: string, data: unknown): void };

const PING_SECONDS = 25;

const at = (message: JsonObject, name: string): JsonObject | undefined => {
  const value = own(message, name);
  return isObject(value) ? value : undefined;
};

export const createCentrifugeServer = (): CentrifugeServer => {
  const epoch = randomUUID();
  const history = new Map<string, { data: unknown; offset: number }[]>();
  const subscribed = new Map<WebSocket, Set<string>>();

  const publish = (channel: string, data: unknown): void => {
    const kept = history.get(channel) ?? [];
    const numbered = { data, offset: kept.length + 1 };
    const isLive = channel.startsWith('live:');
    const pub = isLive ? { data } : numbered;
    if (!isLive) history.set(channel, [...kept, numbered]);
    for (const [ws, channels] of subscribed)
      if (channels.has(channel)) ws.send(JSON.stringify({ push: { channel, pub } }));
  };

  const subscribe = (request: JsonObject): object => {
    const channel = stringAt(request, 'channel') ?? '';
    if (channel.startsWith('live:')) return {};
    const kept = history.get(channel) ?? [];
    const position = { recoverable: true, positioned: true, epoch, offset: kept.length };
    if (own(request, 'recover') !== true) return position;
    const recovered = stringAt(request, 'epoch') === epoch;
    const publications = recovered ? kept.slice(numberAt(request, 'offset') ?? 0) : [];
    return { ...position, was_recovering: true, recovered, publications };
  };

  const answer = (ws: WebSocket, channels: Set<string>, command: JsonObject): object | undefined => {
    const [subscribing, leaving, publishing, rpc] = ['subscribe', 'unsubscribe', 'publish', 'rpc'].map((name) =>
      at(command, name),
    );
    if (at(command, 'connect')) {
      subscribed.set(ws, channels);
      return { connect: { client: randomUUID(), version: '0', ping: PING_SECONDS, pong: true } };
    }
    if (subscribing) {
      channels.add(stringAt(subscribing, 'channel') ?? '');
      return { subscribe: subscribe(subscribing) };
    }
    if (leaving) {
      channels.delete(stringAt(leaving, 'channel') ?? '');
      return { unsubscribe: {} };
    }
    if (publishing) {
      publish(stringAt(publishing, 'channel') ?? '', own(publishing, 'data'));
      return { publish: {} };
    }
    return rpc && { rpc: { data: own(rpc, 'data') } };
  };

  const serve: Serve = (ws) => {
    const channels = new Set<string>();
    ws.on('close', () => subscribed.delete(ws));
    onText(ws, (text) => {
      for (const line of text.split('\n')) {
        const command = parseJson(line);
        if (!isObject(command)) return ws.close(3501, 'bad request');
        const result = answer(ws, channels, command);
        if (result) ws.send(JSON.stringify({ id: own(command, 'id'), ...result }));
      }
      return undefined;
    });
  };
  return { serve, publish };
};
