import { keeperVerdict } from '../../../src/core/codecs/codec.ts';
import { alarmOf } from '../../../src/core/socket/socket-timers.ts';
import { initialSocket, stepSocket } from '../../../src/core/socket/socket.ts';
import { socketPolicy, type Socket, type SocketEvent } from '../../../src/core/socket/socket-types.ts';
import type { Problem } from '../../../src/protocol/problem.ts';
import { createAdmissionControl, retryAfterSeconds } from '../../../server/limits/admission-control.ts';

/*
 * All clients reconnect at once. Each is a real socket machine with the shipped policy. The real admission control of the
 * server hands out the tickets. Time, chance, the network and the server's outage are simulated.
 *
 * The model: all clients lose the socket within 250 ms. A request takes a log-normal 60 ms to arrive. While the server is
 * down, it fails a second later. Otherwise the server admits it or answers `Retry-After`. The server opens a fixed number
 * of sockets a second.
 */

export type Storm = {
  name: string;
  clients: number;
  outageMs: number;
  acceptsPerSecond: number;
  loss: 'unplanned' | 'planned';
  bounds: { peakPerSecond?: number; triesPerClient?: number; t99s?: number; t100s?: number };
};

const BIN_MS = 10;
const HORIZON_MS = 600_000;
const BINS = HORIZON_MS / BIN_MS;
const NOTICED_WITHIN_MS = 250;
const REFUSED_AFTER_MS = 1_000;
const LATENCY_MEDIAN_MS = 60;
const LATENCY_SIGMA = 0.6;
const LATENCY_MAX_MS = 800;
const TICKET_MS = 30_000;
const UPTIME_MS = 60_000;
const START = 1_000_000;

const POLICY = socketPolicy('storm');
const UNREACHABLE: Problem = { code: 'network-unreachable', at: 'storm' };

/** Numbers in [0, 1), the same in each run (mulberry32). */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A client that has been connected long enough to have no failed attempts on its account. */
const connected = (windowMs: number): Socket => {
  const events: SocketEvent[] = [
    { type: 'inputs', inputs: { generation: 1, wanted: true, online: true, visible: true } },
    { type: 'ticket', call: 1, ticket: 't', freshForMs: TICKET_MS },
    { type: 'greeted', call: 1, heartbeatMs: 60_000, windowMs },
  ];
  const at = { now: START - UPTIME_MS, chance: 0 };
  return events.reduce((socket, event) => stepSocket(socket, event, at, POLICY).machine, initialSocket);
};

/** The next event of a client: its alarm, the arrival of its request, or the answer to it. */
type Next = { type: 'loss' } | { type: 'alarm' } | { type: 'arrival' } | { type: 'answer'; event: SocketEvent };

export type StormResult = {
  peakPerSecond: number;
  triesPerClient: number;
  t50s: number;
  t99s: number;
  t100s: number;
  back: number;
};

/** A run of one storm. The machines and the admission control decide, and this class connects them. */
class Run {
  readonly #storm: Storm;
  readonly #chance = seeded(7);
  readonly #clients: Socket[];
  readonly #latency: Float64Array;
  readonly #bins: { client: number; next: Next }[][] = Array.from({ length: BINS }, () => []);
  readonly #tries = new Map<number, number>();
  readonly #back: number[] = [];
  readonly #pace;
  #now = START;
  #busyUntil: number;

  constructor(storm: Storm) {
    this.#storm = storm;
    this.#pace = createAdmissionControl({ perSecond: storm.acceptsPerSecond, now: () => this.#now });
    this.#busyUntil = START + storm.outageMs;
    const healthy = connected(this.#pace.windowMs(storm.clients));
    this.#clients = Array.from({ length: storm.clients }, () => healthy);
    this.#latency = Float64Array.from({ length: storm.clients }, () => this.#logNormal());
    for (let client = 0; client < storm.clients; client += 1)
      this.#at(START + this.#chance() * NOTICED_WITHIN_MS, client, { type: 'loss' });
  }

  result(): StormResult {
    for (let bin = 0; bin < BINS; bin += 1) {
      for (const { client, next } of this.#bins[bin] ?? []) {
        this.#now = START + bin * BIN_MS;
        this.#happen(client, next);
      }
      this.#bins[bin] = [];
    }
    const back = Float64Array.from(this.#back).toSorted();
    const quantile = (share: number): number => {
      const at = back[Math.ceil(share * this.#storm.clients) - 1];
      return at === undefined ? Infinity : (at - START) / 1_000;
    };
    const tries = [...this.#tries.values()];
    return {
      peakPerSecond: tries.reduce((most, count) => Math.max(most, count), 0),
      triesPerClient: tries.reduce((sum, count) => sum + count, 0) / this.#storm.clients,
      t50s: quantile(0.5),
      t99s: quantile(0.99),
      t100s: quantile(1),
      back: back.length,
    };
  }

  #logNormal(): number {
    const gauss = Math.sqrt(-2 * Math.log(1 - this.#chance())) * Math.cos(2 * Math.PI * this.#chance());
    return Math.min(LATENCY_MAX_MS, LATENCY_MEDIAN_MS * Math.exp(LATENCY_SIGMA * gauss));
  }

  /** An event that is due within a bin happens in it, but never in the current bin. */
  #at(time: number, client: number, next: Next): void {
    const bin = Math.max(Math.ceil((this.#now - START) / BIN_MS) + 1, Math.round((time - START) / BIN_MS));
    if (bin < BINS) this.#bins[bin]?.push({ client, next });
  }

  #happen(client: number, next: Next): void {
    switch (next.type) {
      case 'loss':
        return this.#lose(client);
      case 'alarm':
        return this.#alarm(client);
      case 'arrival':
        return this.#arrive(client);
      case 'answer':
        return this.#dispatch(client, next.event);
    }
  }

  #lose(client: number): void {
    const { loss, acceptsPerSecond, outageMs } = this.#storm;
    const slotMs = outageMs + (client * 1_000) / acceptsPerSecond;
    const verdict =
      loss === 'planned' ? keeperVerdict(1012, JSON.stringify({ ra: Math.round(slotMs) })) : keeperVerdict(1006, '');
    this.#dispatch(client, { type: 'closed', call: 1, verdict, problem: UNREACHABLE });
  }

  #alarm(client: number): void {
    const due = this.#clients[client] && alarmOf(this.#clients[client]);
    if (due !== undefined) this.#dispatch(client, { type: 'alarm', due });
  }

  #dispatch(client: number, event: SocketEvent): void {
    const before = this.#clients[client] ?? initialSocket;
    const { machine, effects } = stepSocket(before, event, { now: this.#now, chance: this.#chance() }, POLICY);
    this.#clients[client] = machine;
    for (const effect of effects) {
      if (effect.type === 'fetch-ticket') this.#at(this.#now + this.#latencyOf(client), client, { type: 'arrival' });
    }
    if (machine.state.state === 'backoff') this.#at(machine.state.retryAt, client, { type: 'alarm' });
    if (machine.state.state === 'open') this.#back.push(this.#now);
  }

  #latencyOf(client: number): number {
    return this.#latency[client] ?? 0;
  }

  #arrive(client: number): void {
    const second = Math.floor((this.#now - START) / 1_000);
    this.#tries.set(second, (this.#tries.get(second) ?? 0) + 1);
    const { state } = this.#clients[client] ?? initialSocket;
    if (state.state !== 'fetching-ticket') return;
    const { call } = state;
    const failed = (problem: Problem): Next => ({ type: 'answer', event: { type: 'ticket-failed', call, problem } });
    if (this.#now < START + this.#storm.outageMs)
      return this.#at(this.#now + REFUSED_AFTER_MS, client, failed(UNREACHABLE));
    const turn = this.#pace.admit(String(client));
    if (turn.type === 'later') {
      const retryAfterMs = retryAfterSeconds(turn.ms, this.#chance()) * 1_000;
      return this.#at(
        this.#now,
        client,
        failed({ code: 'server-unavailable', at: 'storm', status: 503, retryAfterMs }),
      );
    }
    this.#busyUntil = Math.max(this.#busyUntil, this.#now) + 1_000 / this.#storm.acceptsPerSecond;
    this.#at(this.#now, client, {
      type: 'answer',
      event: { type: 'ticket', call, ticket: 't', freshForMs: TICKET_MS },
    });
    this.#at(this.#busyUntil, client, { type: 'answer', event: { type: 'greeted', call } });
  }
}

/** The broken bounds of a storm, in words. */
export const broken = ({ clients, bounds }: Storm, result: StormResult): string[] => [
  ...(result.back < clients ? [`${clients - result.back} never came back`] : []),
  ...(['peakPerSecond', 'triesPerClient', 't99s', 't100s'] as const).flatMap((name) => {
    const bound = bounds[name];
    return bound !== undefined && result[name] > bound ? [`${name} ${result[name].toFixed(2)} > ${bound}`] : [];
  }),
];

export const runStorm = (storm: Storm): StormResult => new Run(storm).result();
