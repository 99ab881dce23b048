import type { WebSocket } from 'ws';
import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../src/protocol/json.ts';
import type { Clock } from '../base/clock.ts';
import { createConnectionsByOwner } from './connections-by-owner.ts';
import { FreezableSocket, textOf } from './freezable-socket.ts';
import type { Principal, SessionRevocations } from '../http/principal.ts';
import type { Topics } from './topics.ts';

/** The web app's event stream: one JSON object a message, told apart by `type`. */
export type EventStreams = {
  accept(ws: WebSocket, principal: Principal): void;
  sockets(): readonly FreezableSocket[];
  drain(): void;
  stop(): void;
};

type Stream = { socket: FreezableSocket; principal: Principal; alive: boolean };

const PROBE_EVERY_MS = 15_000;
/** This old protocol has no offsets to resume from, so a reader that cannot follow has to start over. */
const MAX_UNREAD_BYTES = 4_194_304;

const isFull = ({ ws }: FreezableSocket): boolean => ws.bufferedAmount > MAX_UNREAD_BYTES;

export const createEventStreams = (parts: { clock: Clock; topics: Topics; ends: SessionRevocations }): EventStreams => {
  const { clock, topics, ends } = parts;
  const streams = createConnectionsByOwner<Stream>();

  const probe = (stream: Stream): void => {
    if (stream.socket.isFrozen) return;
    if (clock.now() >= stream.principal.expiresAt) return stream.socket.drop(CLOSE_CODE.unauthorized);
    if (!stream.alive) return stream.socket.drop();
    stream.alive = false;
    stream.socket.ws.ping();
  };
  const timer = setInterval(() => streams.all().forEach(probe), PROBE_EVERY_MS);

  topics.subscribe(({ owner, topic, offset, data }) => {
    const text = JSON.stringify({ type: 'event', topic, offset, data });
    for (const { socket } of streams.of(owner)) {
      if (isFull(socket)) socket.drop(CLOSE_CODE.tryLater);
      else socket.send(text);
    }
  });
  ends.subscribe((hasEnded) => {
    for (const { socket, principal } of streams.all()) {
      if (hasEnded(principal)) socket.drop(CLOSE_CODE.unauthorized);
    }
  });

  const onMessage = (stream: Stream, text: string): void => {
    stream.alive = true;
    const message = parseJson(text);
    if (!isObject(message) || stringAt(message, 'type') !== 'ping') return;
    // Whoever asks, and reads no answer, would not read that it is closed either.
    if (isFull(stream.socket)) stream.socket.drop();
    else stream.socket.send(JSON.stringify({ type: 'pong' }));
  };

  return {
    accept(ws, principal) {
      const { owner } = principal;
      if (!streams.hasRoom(owner, ws)) return;
      const stream: Stream = { socket: new FreezableSocket(ws), principal, alive: true };
      streams.add(owner, stream);
      ws.on('message', (data) => onMessage(stream, textOf(data)));
      ws.on('pong', () => {
        stream.alive = true;
      });
      ws.on('close', () => streams.remove(owner, stream));
      stream.socket.send(JSON.stringify({ type: 'connected', user: { sub: principal.sub, name: principal.name } }));
    },
    sockets: () => streams.all().map(({ socket }) => socket),
    drain: () => streams.all().forEach(({ socket }) => socket.drop(CLOSE_CODE.restart)),
    stop: () => clearInterval(timer),
  };
};
