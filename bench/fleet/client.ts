import { WebSocket, type RawData } from 'ws';
import { keeper1 } from '../../src/core/codecs/keeper1.ts';
import { createOutbox } from '../../src/core/socket/outbox.ts';
import { systemClock, systemRandom } from '../../src/host/runtime/clock.ts';
import { createSockets } from '../../src/host/sockets/sockets.ts';
import type { WebSocketMaker } from '../../src/host/sockets/websocket-connection.ts';
import type { OutboxStore } from '../../src/host/storage/outbox-store.ts';
import type { PortFrame } from '../../src/protocol/bridge/port-frames.ts';
import type { SocketConfig } from '../../src/protocol/config.ts';
import type { Cursor } from '../../src/protocol/cursor.ts';
import { ok } from '../../src/protocol/problem.ts';
import type { SocketStateName } from '../../src/protocol/snapshot.ts';
import type { LoadClient } from './load-client.ts';
import type { Person } from './person.ts';

/** What one client saw. `got`: how often each message came, by its id. `latencies`: ms from publisher to reader. */
export type Sight = {
  got: Map<string, number>;
  latencies: number[];
  gaps: number;
  forks: number;
  outOfOrder: number;
  /** Attempts to open a socket after the server gave a slot, and how often it gave one. */
  dialsAfterDrain: number;
  drains: number;
};

/** `publish` sends a message until a server acknowledges it. */
export type FleetClient = LoadClient & {
  readonly sight: Sight;
  /** Messages that a server acknowledged. */
  readonly acked: ReadonlySet<string>;
};

export const TOPIC = 'proof';
const TAB = 'tab';
/** The shipped sockets know one origin. Each request and each connection goes to the next instance instead. */
const ORIGIN = 'http://fleet.invalid';
const ENDPOINT: SocketConfig = {
  url: '/api/socket',
  codec: 'keeper.1',
  ticket: { url: '/api/v1/socket/ticket', method: 'POST', carry: 'protocol' },
};
const DRAIN = Buffer.from('["drain"');

export type FleetClientOptions = {
  name: string;
  person: Person;
  /** The instance for the next connection, as a balancer chooses it. */
  next: () => string;
};

/** Its clients live as long as this process, so memory is their disk. */
const memoryStore = (): OutboxStore => {
  const kept = createOutbox();
  return {
    load: async () => ok(kept.sendable(undefined)),
    add: async (items) => {
      for (const item of items) kept.add(item);
      return ok(null);
    },
    remove: async (ids) => {
      for (const id of ids) kept.remove(id);
      return ok(null);
    },
  };
};

/** What a client sees of its frames. */
class Reader {
  readonly sight: Sight = {
    ...{ got: new Map(), latencies: [], gaps: 0, forks: 0, outOfOrder: 0, dialsAfterDrain: 0, drains: 0 },
  };
  readonly acked = new Set<string>();
  readonly unacked = new Set<string>();
  /** Where the reader is. `undefined` until it has joined. */
  cursor: Cursor | undefined;

  onFrame(frame: PortFrame): void {
    switch (frame.type) {
      case 'joined':
        this.cursor = frame.at;
        return;
      case 'event':
        return this.#onEvent(frame);
      case 'gap':
        this.sight.gaps += 1;
        this.cursor = { epoch: frame.epoch, offset: frame.to };
        return;
      case 'fork':
        this.sight.forks += 1;
        if (this.cursor) this.cursor = { ...this.cursor, epoch: frame.epoch };
        return;
      case 'acked':
        this.unacked.delete(frame.id);
        this.acked.add(frame.id);
        return;
      case 'refused':
        throw new Error(`A server refused the message ${frame.id}: ${frame.problem.code}.`);
      default:
    }
  }

  #onEvent({ epoch, offset, data }: PortFrame & { type: 'event' }): void {
    const { id, at } = data as { id: string; at: number };
    if (this.cursor?.epoch === epoch && offset !== this.cursor.offset + 1) this.sight.outOfOrder += 1;
    this.cursor = { epoch, offset };
    this.sight.got.set(id, (this.sight.got.get(id) ?? 0) + 1);
    this.sight.latencies.push(Date.now() - at);
  }
}

/** A `WebSocket` constructor that connects to the next instance. */
const balanced = (next: () => string, onDrain: () => void): WebSocketMaker => {
  class BalancedSocket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url.replace(/^ws:\/\/[^/]+/, next().replace(/^http/, 'ws')), protocols, { perMessageDeflate: false });
      this.on('message', (data: RawData) => {
        if (Buffer.isBuffer(data) && data.subarray(0, DRAIN.length).equals(DRAIN)) onDrain();
      });
    }
  }
  return BalancedSocket as unknown as WebSocketMaker;
};

/** One tab on the shipped sockets, with the codec `keeper.1`, over real connections. */
export const startFleetClient = ({ name, person, next }: FleetClientOptions): FleetClient => {
  const reader = new Reader();
  const { sight, acked, unacked } = reader;
  let isOpen = false;
  let isAfterDrain = false;

  const state = (): SocketStateName | undefined => sockets.views()[ENDPOINT.url]?.state;

  const request = async (url: string, init: RequestInit): Promise<Response> => {
    // An open connection renews its ticket, which is no dial.
    if (isAfterDrain && state() !== 'open') sight.dialsAfterDrain += 1;
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${await person.accessToken()}`);
    return fetch(new URL(url, next()), { ...init, headers });
  };

  const renew = async (generation: number): Promise<void> => {
    if (await person.renew()) sockets.session({ generation, sub: name });
  };

  const onChange = (): void => {
    const wasOpen = isOpen;
    isOpen = state() === 'open';
    if (isOpen && !wasOpen) isAfterDrain = false;
  };

  const sockets = createSockets({
    ...{ config: [ENDPOINT], codecs: [keeper1], origin: ORIGIN, clock: systemClock, random: systemRandom },
    ...{ identity: { host: name, epoch: 1 }, leaveOtherLineage: async () => false, outbox: memoryStore() },
    ...{ request, onChange, journal: () => undefined },
    onUnauthorized: (generation) => void renew(generation + 1),
    deliver: (_tab, frames) => frames.forEach((frame) => reader.onFrame(frame)),
    WebSocket: balanced(next, () => {
      sight.drains += 1;
      isAfterDrain = true;
    }),
  });
  sockets.session({ generation: 1, sub: name });
  sockets.tabArrived(TAB, [[TOPIC, null]]);

  return {
    sight,
    acked,
    get isOpen() {
      return isOpen && reader.cursor !== undefined;
    },
    get unacked() {
      return unacked.size;
    },
    publish: (id) => {
      unacked.add(id);
      void sockets.publish({ id, topic: TOPIC, data: { id, at: Date.now() } });
    },
    close: () => sockets.session({ generation: undefined }),
  };
};
