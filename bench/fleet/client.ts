import { WebSocket } from 'ws';
import type { Cursor } from '../../src/protocol/cursor.ts';
import {
  parseServerFrame,
  SUBPROTOCOL,
  TICKET_SUBPROTOCOL_PREFIX,
  type ServerFrame,
} from '../../src/protocol/frames.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { textOf } from '../../server/realtime/freezable-socket.ts';
import type { LoadClient } from './load-client.ts';

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

const TOPIC = 'proof';
const PAUSE_MS = 300;

export type FleetClientOptions = {
  name: string;
  token: () => string;
  /** The instance for the next attempt, as a balancer chooses it. */
  next: () => string;
};

class Client implements FleetClient {
  readonly sight: Sight = {
    ...{ got: new Map(), latencies: [], gaps: 0, forks: 0, outOfOrder: 0, dialsAfterDrain: 0, drains: 0 },
  };
  readonly acked = new Set<string>();
  readonly #options: FleetClientOptions;
  readonly #outbox = new Map<string, unknown>();
  #ws: WebSocket | undefined;
  #cursor: Cursor | null = null;
  #isClosed = false;
  #isOpen = false;
  #slotMs: number | undefined;
  #isAfterDrain = false;

  constructor(options: FleetClientOptions) {
    this.#options = options;
    void this.#run();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get unacked(): number {
    return this.#outbox.size;
  }

  publish(id: string): void {
    const data = { id, at: Date.now() };
    this.#outbox.set(id, data);
    if (this.#isOpen) this.#send(['pub', id, TOPIC, data]);
  }

  close(): void {
    this.#isClosed = true;
    this.#ws?.close();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#isAfterDrain) this.sight.dialsAfterDrain += 1;
      await this.#connect().catch(() => undefined);
      if (this.#isOpen) this.#isAfterDrain = false;
      this.#isOpen = false;
      const slot = this.#slotMs;
      this.#slotMs = undefined;
      if (slot !== undefined) {
        this.sight.drains += 1;
        this.#isAfterDrain = true;
      }
      await resolveAfter(slot ?? PAUSE_MS * (0.5 + Math.random()));
    }
  }

  /** One attempt. Resolves when its socket is closed. */
  async #connect(): Promise<void> {
    const url = this.#options.next();
    const response = await fetch(`${url}/api/v1/socket/ticket`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${this.#options.token()}` } },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) {
      const seconds = Number(response.headers.get('retry-after') ?? 1);
      await response.body?.cancel();
      await resolveAfter(seconds * 1_000 + Math.random() * 1_000);
      return;
    }
    const { ticket } = (await response.json()) as { ticket: string };
    const carried = TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url');
    const ws = new WebSocket(`${url.replace('http', 'ws')}/api/socket`, [SUBPROTOCOL, carried], {
      perMessageDeflate: false,
    });
    this.#ws = ws;
    ws.on('open', () => this.#send(['hi', { host: this.#options.name, epoch: 1 }]));
    ws.on('error', () => undefined);
    ws.on('message', (data) => {
      const frame = parseServerFrame(textOf(data));
      if (frame && frame !== 'unknown') this.#onFrame(frame);
    });
    await new Promise((done) => ws.once('close', done));
  }

  #send(frame: readonly unknown[]): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.send(JSON.stringify(frame));
  }

  #onFrame(frame: ServerFrame): void {
    switch (frame[0]) {
      case 'hello':
        return this.#send(['sub', 1, TOPIC, this.#cursor]);
      case 'ok': {
        const [, , , at] = frame;
        this.#cursor = at;
        this.#isOpen = true;
        for (const [id, data] of this.#outbox) this.#send(['pub', id, TOPIC, data]);
        return;
      }
      case 'ev':
        return this.#onEvent(frame[2], frame[3], frame[4]);
      case 'ack':
        this.#outbox.delete(frame[1]);
        this.acked.add(frame[1]);
        return;
      case 'gap':
        this.sight.gaps += 1;
        return;
      case 'fork':
        this.sight.forks += 1;
        if (this.#cursor) this.#cursor = { epoch: frame[3], offset: Math.min(this.#cursor.offset, frame[4]) };
        return;
      case 'drain':
        [, this.#slotMs] = frame;
        return;
      default:
    }
  }

  #onEvent(epoch: string, offset: number, data: unknown): void {
    const { id, at } = data as { id: string; at: number };
    if (this.#cursor?.epoch === epoch && offset !== this.#cursor.offset + 1) this.sight.outOfOrder += 1;
    this.#cursor = { epoch, offset };
    this.sight.got.set(id, (this.sight.got.get(id) ?? 0) + 1);
    this.sight.latencies.push(Date.now() - at);
  }
}

/** A client of `keeper.1` that dials again, resumes from its cursor, and sends again what no server acknowledged. */
export const startFleetClient = (options: FleetClientOptions): FleetClient => new Client(options);
