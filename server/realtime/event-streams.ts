import type { WebSocket } from 'ws';
import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import type { ServerClock } from '../base/server-clock.ts';
import { createConnectionsByOwner } from './connections-by-owner.ts';
import { FreezableSocket, textOf } from './freezable-socket.ts';
import type { Principal, SessionRevocations } from '../http/principal.ts';
import type { Topics } from './topics.ts';

/** The server side of the codec `json-ping`: each message is one JSON object with a `type`. */
export type EventStreams = {
  accept(ws: WebSocket, principal: Principal): void;
  sockets(): readonly FreezableSocket[];
  drain(): void;
  stop(): void;
};

type Stream = { socket: FreezableSocket; principal: Principal; isAlive: boolean };

const PING_EVERY_MS = 15_000;
/** This protocol has no offsets from which a client can resume, so a client that reads too slowly must reconnect. */
const MAX_BUFFERED_BYTES = 4_194_304;

const isFull = ({ ws }: FreezableSocket): boolean => ws.bufferedAmount > MAX_BUFFERED_BYTES;

export const createEventStreams = (services: {
  clock: ServerClock;
  topics: Topics;
  revocations: SessionRevocations;
}): EventStreams => {
  const { clock, topics, revocations } = services;
  const streams = createConnectionsByOwner<Stream>();

  const ping = (stream: Stream): void => {
    if (stream.socket.isFrozen) return;
    if (clock.now() >= stream.principal.expiresAt) return stream.socket.drop(CLOSE_CODE.unauthorized);
    if (!stream.isAlive) return stream.socket.drop();
    stream.isAlive = false;
    stream.socket.ws.ping();
  };
  const timer = setInterval(() => streams.all().forEach(ping), PING_EVERY_MS);

  topics.subscribe(({ owner, topic, offset, data }) => {
    const text = JSON.stringify({ type: 'event', topic, offset, data });
    for (const { socket } of streams.of(owner)) {
      if (isFull(socket)) socket.drop(CLOSE_CODE.tryLater);
      else socket.send(text);
    }
  });
  revocations.subscribe((isRevoked) => {
    for (const { socket, principal } of streams.all()) {
      if (isRevoked(principal)) socket.drop(CLOSE_CODE.unauthorized);
    }
  });

  const onMessage = (stream: Stream, text: string): void => {
    stream.isAlive = true;
    const message = parseJson(text);
    if (!isObject(message) || stringAt(message, 'type') !== 'ping') return;
    // A client that does not read its messages would not read a close frame either.
    if (isFull(stream.socket)) stream.socket.drop();
    else stream.socket.send(JSON.stringify({ type: 'pong' }));
  };

  return {
    accept(ws, principal) {
      const { owner } = principal;
      if (!streams.checkLimit(owner, ws)) return;
      const stream: Stream = { socket: new FreezableSocket(ws), principal, isAlive: true };
      streams.add(owner, stream);
      ws.on('message', (data) => onMessage(stream, textOf(data)));
      ws.on('pong', () => {
        stream.isAlive = true;
      });
      ws.on('close', () => streams.remove(owner, stream));
      stream.socket.send(JSON.stringify({ type: 'connected', user: { sub: principal.sub, name: principal.name } }));
    },
    sockets: () => streams.all().map(({ socket }) => socket),
    drain: () => streams.all().forEach(({ socket }) => socket.drop(CLOSE_CODE.restart)),
    stop: () => clearInterval(timer),
  };
};
