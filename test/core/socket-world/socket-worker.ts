import { keeper1 } from '../../../src/core/codecs/keeper1.ts';
import {
  problemOfClose,
  type Codec,
  type CodecEvent,
  type CodecKind,
  type CodecOutput,
} from '../../../src/core/codecs/codec.ts';
import { createOutbox, type Outbox, type OutboxItem } from '../../../src/core/socket/outbox.ts';
import { initialSocket, stepSocket } from '../../../src/core/socket/socket.ts';
import { alarmOf } from '../../../src/core/socket/socket-timers.ts';
import {
  socketPolicy,
  type Socket,
  type SocketEffect,
  type SocketEvent,
} from '../../../src/core/socket/socket-types.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import type { Cursor } from '../../../src/protocol/cursor.ts';
import type { Problem } from '../../../src/protocol/problem.ts';
import { Device } from './socket-device.ts';
import { HubServer, type Connection } from './socket-server.ts';
import type { Tab } from './socket-tab.ts';

/** The parts that a mutant may replace. */
export type Parts = { step: typeof stepSocket; codec: CodecKind; outbox: () => Outbox };
export const REAL: Parts = { step: stepSocket, codec: keeper1, outbox: createOutbox };

const LATENCY_MS = 20;
export const POLICY = socketPolicy('/api/socket');

type Link = { call: number; connection: Connection };

/** A worker with machine, codec, outbox and network. It stands in for the host code, and uses only the core. */
export abstract class Worker extends Device {
  readonly server = new HubServer();
  readonly tabs = new Map<string, Tab>();
  readonly disk = new Map<string, OutboxItem>();
  /** Publications that their sender got back. */
  readonly refused = new Set<string>();
  machine: Socket = initialSocket;
  generation: number | undefined = 1;
  online = true;
  visible = true;
  readonly #parts: Parts;
  readonly #chances: readonly number[];
  #chance = 0;
  protected codec: Codec;
  protected outbox: Outbox;
  protected link: Link | undefined;
  protected live = new Set<number>();
  #inFlight = new Set<number>();
  protected refusedGenerations = new Set<number>();
  #armed: number | undefined;
  protected lateness = 0;
  protected receivedAt = 0;
  #connections = 0;

  /** The machine reports that a server rejected this generation of tokens. */
  protected abstract onReport(generation: number): void;
  protected abstract checkHangUp(effect: SocketEffect & { type: 'hang-up' }): void;
  abstract checkGap(frame: PortFrame & { type: 'gap' }, cursor: Cursor, fail: (reason: string) => void): void;
  abstract checkEvent(frame: PortFrame & { type: 'event' }, fail: (reason: string) => void): void;

  constructor(chances: readonly number[], parts: Parts = REAL) {
    super();
    this.#parts = parts;
    this.#chances = chances.length > 0 ? chances : [0.5];
    this.outbox = parts.outbox();
    this.codec = parts.codec.create({ host: 'h', epoch: 1 });
    this.kill();
  }

  // ---- the worker

  kill(): void {
    this.worker++;
    if (this.link) this.server.drop(this.link.connection, 1001, '');
    this.link = undefined;
    this.live.clear();
    this.#inFlight.clear();
    this.#armed = undefined;
    this.asleepUntil = 0;
    this.machine = initialSocket;
    this.codec = this.#parts.codec.create({ host: 'h', epoch: this.worker });
    this.outbox = this.#parts.outbox();
    for (const item of this.disk.values()) {
      this.outbox.add(item);
      this.outbox.saved(item.id);
    }
    this.inputs();
    for (const tab of this.tabs.values()) this.later(LATENCY_MS, () => this.attach(tab));
  }

  protected attach(tab: Tab): void {
    if (this.tabs.get(tab.id) !== tab) return;
    for (const [topic, cursor] of tab.cursors) this.relay({ type: 'join', tab: tab.id, topic, cursor });
    this.inputs();
  }

  inputs(): void {
    const { generation, online, visible } = this;
    this.dispatch({
      type: 'inputs',
      inputs: { generation, online, visible, wanted: this.codec.listeners > 0 || this.outbox.size > 0 },
    });
  }

  dispatch(event: SocketEvent): void {
    this.#chance = (this.#chance + 1) % this.#chances.length;
    const step = this.#parts.step(
      this.machine,
      event,
      { now: this.now, chance: this.#chances[this.#chance] ?? 0 },
      POLICY,
    );
    this.machine = step.machine;
    for (const effect of step.effects) this.#perform(effect);
    const due = alarmOf(this.machine);
    if (due === undefined || due === this.#armed) return;
    this.#armed = due;
    this.later(Math.max(0, due - this.now), () => {
      if (this.#armed !== due) return;
      this.#armed = undefined;
      this.lateness = this.now - due;
      this.dispatch({ type: 'alarm', due });
    });
  }

  #perform(effect: SocketEffect): void {
    switch (effect.type) {
      case 'fetch-ticket':
        this.#inFlight.add(effect.call);
        return this.#fetchTicket(effect.call, this.generation ?? 0);
      case 'dial':
        return this.#dial(effect.call, effect.ticket);
      case 'hang-up':
        this.checkHangUp(effect);
        this.#inFlight.delete(effect.call);
        this.live.delete(effect.call);
        if (this.link?.call === effect.call) this.#hangUp(this.link, 1000);
        return;
      case 'probe':
        return this.relay({ type: 'probe' });
      case 'renew':
        return this.relay({ type: 'renew', ticket: effect.ticket });
      case 'report-unauthorized':
        return this.onReport(effect.generation);
      default:
        this.broken.push(`8: unexpected effect ${JSON.stringify(effect)}`);
    }
  }

  #hangUp({ connection }: Link, code: number): void {
    this.link = undefined;
    this.relay({ type: 'closed', code, local: true });
    this.after(LATENCY_MS, () => {
      connection.open = false;
      this.server.connections.delete(connection);
    });
  }

  #fetchTicket(call: number, generation: number): void {
    const mode = this.server.ticketMode;
    const fail = (problem: Problem): void => {
      if (this.#inFlight.delete(call)) this.dispatch({ type: 'ticket-failed', call, problem });
    };
    if (mode.type === 'hang') return;
    if (!this.online || mode.type === 'unreachable')
      return this.later(LATENCY_MS, () => fail({ code: 'network-unreachable', at: 't' }));
    const status = mode.type === 'status' ? mode.status : generation < this.server.minGeneration ? 401 : 200;
    if (status === 200) {
      const ticket = this.server.mint(this.now, generation);
      return this.later(
        2 * LATENCY_MS,
        () => this.#inFlight.delete(call) && this.dispatch({ type: 'ticket', call, ...ticket }),
      );
    }
    if (status === 401) this.refusedGenerations.add(generation);
    const retryAfterMs = mode.type === 'status' ? mode.retryAfterMs : undefined;
    const problem: Problem =
      status === 401 || status === 403
        ? { code: 'credentials-rejected', at: 't', status }
        : { code: status === 429 ? 'rate-limited' : 'server-unavailable', at: 't', status, retryAfterMs };
    this.later(2 * LATENCY_MS, () => fail(problem));
  }

  #dial(call: number, ticket: string): void {
    this.live.add(call);
    if (this.live.size > 1) this.broken.push('6: two live links');
    const worker = this.worker;
    const isMine = (): boolean => worker === this.worker && this.link?.call === call;
    const inbox: (() => void)[] = [];
    const take = (): void => void (isMine() && this.awake(() => isMine() && inbox.shift()?.(), LATENCY_MS));
    /** Queues a frame or a close. The order stays even if the computer sleeps in between. */
    const arrive = (run: () => void): void => {
      inbox.push(run);
      this.after(LATENCY_MS, take);
    };
    const connection: Connection = {
      id: ++this.#connections,
      silent: false,
      open: false,
      greeted: false,
      generation: 0,
      subscriptions: new Set(),
      send: (frame) =>
        !connection.silent && arrive(() => !connection.silent && this.#onFrame(call, JSON.stringify(frame))),
      close: (code, reason) => !connection.silent && arrive(() => this.#onClosed(call, code, reason)),
    };
    this.link = { call, connection };
    if (this.server.dialMode === 'blackhole') return;
    if (this.server.dialMode === 'refuse' || !this.online) return arrive(() => this.#onClosed(call, 1006, ''));
    this.after(LATENCY_MS, () => {
      if (!isMine()) return;
      connection.open = true;
      this.server.connections.add(connection);
      const generation = this.server.redeem(ticket, this.now);
      connection.generation = generation ?? 0;
      if (generation === undefined || generation < this.server.minGeneration) this.refuse(connection);
      else arrive(() => this.relay({ type: 'opened' }));
    });
  }

  protected refuse(connection: Connection): void {
    this.refusedGenerations.add(connection.generation);
    this.server.drop(connection, 4401, '');
  }

  #onFrame(call: number, data: string): void {
    this.receivedAt = this.now;
    this.dispatch({ type: 'received', call });
    this.relay({ type: 'frame', data });
  }

  #onClosed(call: number, code: number, reason: string): void {
    this.link = undefined;
    this.live.delete(call);
    this.relay({ type: 'closed', code });
    this.dispatch({
      type: 'closed',
      call,
      verdict: this.#parts.codec.closed(code, reason),
      problem: problemOfClose(code, 's'),
    });
  }

  protected relay(event: CodecEvent): void {
    for (const output of this.codec.dispatch(event, this.now)) this.#put(output);
  }

  #put(output: CodecOutput): void {
    const link = this.link;
    switch (output.type) {
      case 'send':
        return link && this.#send(link.connection, String(output.data));
      case 'toTab':
        if (output.frame.type === 'refused') this.refused.add(output.frame.id);
        for (const [id, tab] of this.tabs) if (output.tab === undefined || output.tab === id) tab.receive(output.frame);
        return;
      case 'settled':
        this.disk.delete(output.id);
        this.outbox.remove(output.id);
        return this.inputs();
      case 'greeted':
        this.receivedAt = this.now;
        if (link) this.dispatch({ ...output, call: link.call });
        for (const item of this.outbox.sendable('u')) this.relay({ type: 'publish', item });
        return;
      case 'renewed':
      case 'draining':
        return link && this.dispatch({ ...output, call: link.call });
      case 'wake':
        return this.later(Math.max(0, output.at - this.now), () => this.relay({ type: 'wake' }));
      case 'violated':
        this.broken.push('the codec rejected a frame');
    }
  }

  #send(connection: Connection, text: string): void {
    this.after(LATENCY_MS, () => {
      if (!connection.open || connection.silent) return;
      const frame: unknown = JSON.parse(text);
      if (Array.isArray(frame) && frame[0] === 'auth') this.#noteRefusal(connection);
      this.server.receive(connection, text, this.now);
    });
  }

  /** Notes that the server may reject this connection's generation. */
  #noteRefusal(connection: Connection): void {
    this.refusedGenerations.add(connection.generation);
  }
}
