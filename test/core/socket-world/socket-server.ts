import { parseClientFrame, type ServerFrame } from '../../../src/protocol/frames.ts';
import type { Cursor } from '../../../src/protocol/cursor.ts';

/*
 * The server of the simulated world: a correct `keeper.1` hub with single-use tickets, bounded histories and
 * deduplicated ids. Only its network is unreliable.
 */

export const HEARTBEAT_MS = 10_000;
const TICKET_FRESH_MS = 30_000;
const TICKET = 'secret-ticket-';
export const FIRST_TICKET = `${TICKET}1`;

export type TicketMode =
  | { type: 'ok' }
  | { type: 'status'; status: 401 | 403 | 429 | 500; retryAfterMs?: number | undefined }
  | { type: 'hang' }
  | { type: 'unreachable' };

export type DialMode = 'ok' | 'refuse' | 'blackhole';

export type Stored = { epoch: string; id: string };

export type History = { epoch: string; oldest: number; events: Stored[] };

export type Connection = {
  readonly id: number;
  /** Half-open: frames get lost in both directions. */
  silent: boolean;
  open: boolean;
  greeted: boolean;
  generation: number;
  subscriptions: Set<string>;
  send(frame: ServerFrame): void;
  close(code: number, reason: string): void;
};

export class HubServer {
  ticketMode: TicketMode = { type: 'ok' };
  dialMode: DialMode = 'ok';
  windowMs = 500;
  heartbeatMs = HEARTBEAT_MS;
  authorizationMs = 120_000;
  /** The server rejects tokens of an older generation. */
  minGeneration = 1;
  readonly tickets = new Map<string, { freshUntil: number; generation: number; used: number }>();
  readonly histories = new Map<string, History>();
  readonly connections = new Set<Connection>();
  readonly published = new Map<string, number>();
  readonly profiles = new Set<string>();
  /** Publications on which the server closes the connection, and the close code. */
  readonly poison = new Map<string, number>();
  highestFence = 0;
  reusedTickets = 0;
  staleTickets = 0;
  #serial = 0;
  #epochs = 0;

  history(topic: string): History {
    let found = this.histories.get(topic);
    if (!found) this.histories.set(topic, (found = { epoch: `e${this.#epochs}`, oldest: 1, events: [] }));
    return found;
  }

  head(topic: string): number {
    return this.history(topic).events.length;
  }

  /** Starts a new topic history. The server announces it with its close code, or just drops the connection. */
  newEpoch(): void {
    const code = this.#epochs++ % 2 === 0 ? 1006 : 4408;
    this.published.clear();
    for (const topic of [...this.histories.keys()]) this.histories.delete(topic);
    for (const connection of [...this.connections]) this.drop(connection, code, '');
  }

  trim(topic: string, keep: number): void {
    const history = this.history(topic);
    history.oldest = Math.max(history.oldest, history.events.length - keep + 1);
  }

  append(topic: string, id: string): number {
    const history = this.history(topic);
    history.events.push({ epoch: history.epoch, id });
    const offset = history.events.length;
    for (const connection of this.connections) {
      if (connection.greeted && connection.subscriptions.has(topic))
        connection.send(['ev', topic, history.epoch, offset, id]);
    }
    return offset;
  }

  mint(now: number, generation: number): { ticket: string; freshForMs: number } {
    const ticket = `${TICKET}${++this.#serial}`;
    this.tickets.set(ticket, { freshUntil: now + TICKET_FRESH_MS, generation, used: 0 });
    return { ticket, freshForMs: TICKET_FRESH_MS };
  }

  redeem(name: string, now: number): number | undefined {
    const ticket = this.tickets.get(name);
    if (!ticket || ticket.used++ > 0) {
      this.reusedTickets++;
      return undefined;
    }
    if (now >= ticket.freshUntil) this.staleTickets++;
    return ticket.generation;
  }

  drop(connection: Connection, code: number, reason: string): void {
    if (!this.connections.delete(connection)) return;
    connection.open = false;
    connection.close(code, reason);
  }

  receive(connection: Connection, text: string, now: number): void {
    const frame = parseClientFrame(text);
    if (!frame || frame === 'unknown') throw new Error(`bad frame ${text}`);
    switch (frame[0]) {
      case 'hi':
        return this.#greet(connection, frame[1].host, frame[1].epoch, now);
      case 'sub':
        return this.#subscribe(connection, frame[1], frame[2], frame[3]);
      case 'unsub':
        connection.subscriptions.delete(frame[1]);
        return;
      case 'pub': {
        const code = this.poison.get(frame[1]);
        if (code !== undefined) return this.drop(connection, code, '');
        const known = this.published.get(frame[1]);
        const offset = known ?? this.append(frame[2], frame[1]);
        this.published.set(frame[1], offset);
        return connection.send(['ack', frame[1], offset]);
      }
      case 'auth': {
        const generation = this.redeem(frame[1], now);
        if (generation === undefined || generation < this.minGeneration) return this.drop(connection, 4401, '');
        connection.generation = generation;
        return connection.send(['authok', now + this.authorizationMs]);
      }
      case 'p':
        return connection.send(['q', frame[1]]);
      case 'q':
        return;
    }
  }

  #greet(connection: Connection, profile: string, fence: number, now: number): void {
    if (fence < this.highestFence) return this.drop(connection, 4409, '');
    this.highestFence = fence;
    const resumed = this.profiles.has(profile);
    this.profiles.add(profile);
    connection.greeted = true;
    const { windowMs, authorizationMs, heartbeatMs } = this;
    connection.send([
      'hello',
      {
        session: 's',
        resumed,
        heartbeatMs,
        windowMs,
        maxBytes: 65_536,
        maxTopics: 256,
        maxTopicLength: 128,
        expiresAt: now + authorizationMs,
        now,
      },
    ]);
  }

  /** Sends the gap before `ok`, as the embedded server does, and replays the events after the cursor. */
  #subscribe(connection: Connection, request: number, topic: string, cursor: Cursor | null): void {
    const { epoch, oldest, events } = this.history(topic);
    connection.subscriptions.add(topic);
    const head = events.length;
    const isCovered = cursor?.epoch === epoch && cursor.offset <= head;
    const start = cursor && isCovered ? Math.max(cursor.offset, oldest - 1) : head;
    if (cursor && !isCovered) connection.send(['gap', topic, epoch, cursor.offset + 1, 0]);
    else if (cursor && start > cursor.offset) connection.send(['gap', topic, epoch, cursor.offset + 1, start]);
    connection.send(['ok', request, topic, { epoch, offset: start }, cursor?.offset === start && isCovered]);
    for (let offset = start + 1; offset <= head; offset++)
      connection.send(['ev', topic, epoch, offset, events[offset - 1]?.id]);
  }
}
