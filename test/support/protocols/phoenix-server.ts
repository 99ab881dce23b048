import type { WebSocket } from 'ws';
import { isObject, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';
import type { Serve } from './serve.ts';

/*
 * The smallest server of Phoenix channels, serializer 2, as https://hexdocs.pm/phoenix/writing_a_channels_client.html and
 * Phoenix.Socket 1.8 describe it: npm has none. It accepts each join. A second join of a topic on one connection ends the
 * first. It answers each push, and broadcasts it to the topic. So does it with the binary broadcasts of Supabase's
 * clients (https://supabase.com/docs/guides/realtime/protocol).
 */
export type PhoenixServer = { serve: Serve; broadcast(topic: string, event: string, payload: unknown): void };

export const createPhoenixServer = (): PhoenixServer => {
  /** The join of each topic, by connection. */
  const joined = new Map<WebSocket, Map<string, unknown>>();

  const broadcast = (topic: string, event: string, payload: unknown): void => {
    for (const [ws, topics] of joined)
      if (topics.has(topic)) ws.send(JSON.stringify([null, null, topic, event, payload]));
  };

  /** Kind 3 carries join, ref, topic, event, metadata and payload. Kind 4 carries the same without join and ref. */
  const broadcastBinary = (frame: Buffer): void => {
    const [, join = 0, ref = 0, topic = 0, ...rest] = frame.subarray(0, 7);
    const head = Buffer.from([4, topic, ...rest]);
    const body = frame.subarray(7 + join + ref);
    const name = body.subarray(0, topic).toString('utf8');
    for (const [ws, topics] of joined) if (topics.has(name)) ws.send(Buffer.concat([head, body]));
  };

  const serve: Serve = (ws) => {
    const topics = new Map<string, unknown>();
    joined.set(ws, topics);
    ws.on('close', () => joined.delete(ws));
    const send = (...message: readonly unknown[]): void => ws.send(JSON.stringify(message));
    ws.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return broadcastBinary(data);
      const message = parseJson(data.toString('utf8'));
      if (!Array.isArray(message)) return ws.close(1011);
      const [joinRef, ref, topic, event, payload] = message as unknown[];
      const reply = (status: string, response: object): void =>
        send(joinRef, ref, topic, 'phx_reply', { status, response });
      if (topic === 'phoenix') return reply('ok', {});
      if (event === 'phx_join') {
        if (topics.has(String(topic)))
          send(topics.get(String(topic)), topics.get(String(topic)), topic, 'phx_close', {});
        topics.set(String(topic), joinRef);
        return reply('ok', {});
      }
      if (!topics.has(String(topic))) return reply('error', { reason: 'unmatched topic' });
      reply('ok', isObject(payload) ? { text: stringAt(payload, 'text') } : {});
      if (event !== 'phx_leave') return broadcast(String(topic), String(event), payload);
      topics.delete(String(topic));
      return send(joinRef, joinRef, topic, 'phx_close', {});
    });
  };
  return { serve, broadcast };
};
