import type { WebSocket } from 'ws';
import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import type { ServerClock } from '../base/server-clock.ts';
import { closeFor, createConnectionsByOwner } from './connections-by-owner.ts';
import { FreezableSocket, textOf } from './freezable-socket.ts';
import type { Principal, SessionRevocations } from '../http/principal.ts';
import type { Bus } from '../storage/storage.ts';
import { createOrderedEvents } from './ordered-events.ts';
import type { PublishedEvent, Topics } from './topics.ts';

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
  bus: Bus;
}): EventStreams => {
  const { clock, topics, revocations, bus } = services;
  const streams = createConnectionsByOwner<Stream>();

  const ping = (stream: Stream): void => {
    if (stream.socket.isFrozen) return;
    if (clock.now() >= stream.principal.expiresAt) return stream.socket.drop(CLOSE_CODE.unauthorized);
    if (!stream.isAlive) return stream.socket.drop();
    stream.isAlive = false;
    stream.socket.ws.ping();
  };
  const timer = setInterval(() => streams.all().forEach(ping), PING_EVERY_MS);

  const send = ({ owner, topic, offset, data }: PublishedEvent): void => {
    const text = JSON.stringify({ type: 'event', topic, offset, data });
    for (const { socket } of streams.of(owner)) {
      if (isFull(socket)) socket.drop(CLOSE_CODE.tryLater);
      else socket.send(text);
    }
  };
  const events = createOrderedEvents(topics, send, streams.has);
  bus.onResumed(events.lookAgain);
  revocations.subscribe({
    open: () => streams.all().map(({ principal }) => principal),
    end: (isRevoked) => {
      for (const { socket, principal } of streams.all()) {
        if (isRevoked(principal)) socket.drop(CLOSE_CODE.unauthorized);
      }
    },
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
      const followed = topics.follow(owner);
      ws.on('close', () => {
        streams.remove(owner, stream);
        followed.then(
          (stop) => stop(),
          () => undefined,
        );
      });
      // Without the events of its owner, a stream would look alive, and stay silent.
      followed.catch((error: unknown) => stream.socket.drop(closeFor(error).code));
      stream.socket.send(JSON.stringify({ type: 'connected', user: { sub: principal.sub, name: principal.name } }));
    },
    sockets: () => streams.all().map(({ socket }) => socket),
    drain: () => streams.all().forEach(({ socket }) => socket.drop(CLOSE_CODE.restart)),
    stop: () => clearInterval(timer),
  };
};
