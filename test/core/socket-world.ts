import { keeper1 } from '../../src/core/codecs/keeper1.ts';
import { problemOfClose, type Codec, type CodecEvent, type CodecKind, type CodecOutput } from '../../src/core/codec.ts';
import { createOutbox, outboxItem, type Outbox, type OutboxItem } from '../../src/core/outbox.ts';
import { initialSocket, stepSocket } from '../../src/core/socket.ts';
import { alarmOf } from '../../src/core/socket-alarm.ts';
import { socketPolicy, type Socket, type SocketEffect, type SocketEvent } from '../../src/core/socket-types.ts';
import type { PortFrame } from '../../src/protocol/bridge.ts';
import { CLOSE, type Cursor } from '../../src/protocol/frames.ts';
import type { Problem } from '../../src/protocol/problem.ts';
import { HEARTBEAT_MS, HubServer, type Connection } from './socket-server.ts';

/** What a mutant replaces. */
export type Parts = { step: typeof stepSocket; codec: CodecKind; outbox: () => Outbox };
export const REAL: Parts = { step: stepSocket, codec: keeper1, outbox: createOutbox };

const LATENCY_MS = 20;
/** More tasks than this without any time passing, and it would never end. */
const HOT_LOOP = 2_000;
const POLICY = socketPolicy('/api/socket');
export const NOTICE_WITHIN_MS = HEARTBEAT_MS + POLICY.answerWithinMs;

type Task = { at: number; serial: number; run: () => void };

/** A page: it knows how far it has read, and holds the keeper to its word. */
class Tab {
  readonly cursors = new Map<string, Cursor | null>();
  readonly #world: World;
  readonly id: string;

  constructor(world: World, id: string) {
    this.#world = world;
    this.id = id;
  }

  receive(frame: PortFrame): void {
    if (frame.type !== 'joined' && frame.type !== 'event' && frame.type !== 'gap') return;
    const cursor = this.cursors.get(frame.topic);
    const fail = (why: string): void =>
      void this.#world.broken.push(`10: ${why}: ${JSON.stringify(frame)} at ${JSON.stringify(cursor)}`);
    if (cursor === undefined) return;
    if (frame.type === 'joined') {
      if (cursor && (cursor.epoch !== frame.at.epoch || cursor.offset !== frame.at.offset)) fail('joined elsewhere');
      this.cursors.set(frame.topic, { ...frame.at });
    } else if (frame.type === 'gap') {
      if (!cursor || frame.from !== cursor.offset + 1) return fail('gap elsewhere');
      this.#world.checkGap(frame, cursor, fail);
      this.cursors.set(frame.topic, frame.to === 0 ? null : { epoch: cursor.epoch, offset: frame.to });
    } else {
      if (!cursor || cursor.epoch !== frame.epoch || frame.offset !== cursor.offset + 1)
        return fail('event out of turn');
      this.#world.checkEvent(frame, fail);
      this.cursors.set(frame.topic, { epoch: frame.epoch, offset: frame.offset });
    }
  }
}

type Link = { call: number; connection: Connection };

/** One browser and one server; time moves only when told to. */
export class World {
  now = 1_000_000;
  readonly server = new HubServer();
  readonly broken: string[] = [];
  readonly tabs = new Map<string, Tab>();
  readonly disk = new Map<string, OutboxItem>();
  machine: Socket = initialSocket;
  generation: number | undefined = 1;
  online = true;
  visible = true;
  reports = 0;
  readonly #parts: Parts;
  readonly #chances: readonly number[];
  #chance = 0;
  #tasks: Task[] = [];
  #serial = 0;
  #worker = 0;
  #codec: Codec;
  #outbox: Outbox;
  #link: Link | undefined;
  #live = new Set<number>();
  #inFlight = new Set<number>();
  #refusedGenerations = new Set<number>();
  #armed: number | undefined;
  #lateness = 0;
  #heardAt = 0;
  #awakeSince = 0;
  #asleepUntil = 0;
  #ids = 0;
  #generations = 1;
  #connections = 0;

  constructor(chances: readonly number[], parts: Parts = REAL) {
    this.#parts = parts;
    this.#chances = chances.length > 0 ? chances : [0.5];
    this.#outbox = parts.outbox();
    this.#codec = parts.codec.create({ host: 'h', epoch: 1 });
    this.kill();
  }

  // ---- time

  after(ms: number, run: () => void): void {
    this.#tasks.push({ at: this.now + ms, serial: this.#serial++, run });
  }

  /** Runs only if the worker that asked for it is still alive. */
  #later(ms: number, run: () => void): void {
    const worker = this.#worker;
    this.after(ms, () => worker === this.#worker && this.#awake(run));
  }

  /** While the machine sleeps nothing runs; what is on the network comes `delayMs` after it woke, behind overdue alarms. */
  #awake(run: () => void, delayMs = 0): void {
    if (this.now >= this.#asleepUntil) return run();
    const worker = this.#worker;
    this.after(this.#asleepUntil + delayMs - this.now, () => worker === this.#worker && run());
  }

  #next(end: number): Task | undefined {
    let best = -1;
    for (let i = 0; i < this.#tasks.length; i++) {
      const task = this.#tasks[i];
      const least = this.#tasks[best];
      if (
        task &&
        task.at <= end &&
        (!least || task.at < least.at || (task.at === least.at && task.serial < least.serial))
      )
        best = i;
    }
    return best < 0 ? undefined : this.#tasks.splice(best, 1)[0];
  }

  advance(ms: number): void {
    const end = this.now + ms;
    let atOnce = 0;
    for (let task = this.#next(end); task; task = this.#next(end)) {
      atOnce = task.at > this.now ? 0 : atOnce + 1;
      if (atOnce > HOT_LOOP) return this.#stopHotLoop();
      this.now = Math.max(this.now, task.at);
      task.run();
      this.#check();
    }
    this.now = end;
    this.#check();
  }

  #stopHotLoop(): void {
    this.broken.push('9: it spins');
    this.#tasks = [];
  }

  sleep(ms: number): void {
    this.#asleepUntil = this.#awakeSince = this.now + ms;
    this.advance(ms);
  }

  // ---- the worker

  kill(): void {
    this.#worker++;
    if (this.#link) this.server.drop(this.#link.connection, 1001, '');
    this.#link = undefined;
    this.#live.clear();
    this.#inFlight.clear();
    this.#armed = undefined;
    this.#asleepUntil = 0;
    this.machine = initialSocket;
    this.#codec = this.#parts.codec.create({ host: 'h', epoch: this.#worker });
    this.#outbox = this.#parts.outbox();
    for (const item of this.disk.values()) {
      this.#outbox.add(item);
      this.#outbox.saved(item.id);
    }
    this.inputs();
    for (const tab of this.tabs.values()) this.#later(LATENCY_MS, () => this.#attach(tab));
  }

  #attach(tab: Tab): void {
    if (this.tabs.get(tab.id) !== tab) return;
    for (const [topic, cursor] of tab.cursors) this.#relay({ type: 'join', tab: tab.id, topic, cursor });
    this.inputs();
  }

  inputs(): void {
    const { generation, online, visible } = this;
    this.tell({
      type: 'inputs',
      inputs: { generation, online, visible, wanted: this.#codec.listeners > 0 || this.#outbox.size > 0 },
    });
  }

  tell(event: SocketEvent): void {
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
    this.#later(Math.max(0, due - this.now), () => {
      if (this.#armed !== due) return;
      this.#armed = undefined;
      this.#lateness = this.now - due;
      this.tell({ type: 'alarm', due });
    });
  }

  #perform(effect: SocketEffect): void {
    switch (effect.type) {
      case 'fetch-ticket':
        this.#inFlight.add(effect.call);
        return this.#askTicket(effect.call, this.generation ?? 0);
      case 'dial':
        return this.#dial(effect.call, effect.ticket);
      case 'hang-up':
        this.#checkCondemned(effect);
        this.#inFlight.delete(effect.call);
        this.#live.delete(effect.call);
        if (this.#link?.call === effect.call) this.#hangUp(this.#link, 1000);
        return;
      case 'probe':
        return this.#relay({ type: 'probe' });
      case 'renew':
        return this.#relay({ type: 'renew', ticket: effect.ticket });
      case 'report-unauthorized':
        return this.#onReport(effect.generation);
      default:
        this.broken.push(`8: the machine asks for ${JSON.stringify(effect)}`);
    }
  }

  #hangUp({ connection }: Link, code: number): void {
    this.#link = undefined;
    this.#relay({ type: 'closed', code });
    this.after(LATENCY_MS, () => {
      connection.open = false;
      this.server.connections.delete(connection);
    });
  }

  #askTicket(call: number, generation: number): void {
    const mode = this.server.ticketMode;
    const fail = (problem: Problem): void => {
      if (this.#inFlight.delete(call)) this.tell({ type: 'ticket-failed', call, problem });
    };
    if (mode.is === 'hang') return;
    if (!this.online || mode.is === 'unreachable')
      return this.#later(LATENCY_MS, () => fail({ code: 'network-unreachable', at: 't' }));
    const status = mode.is === 'status' ? mode.status : generation < this.server.minGeneration ? 401 : 200;
    if (status === 200) {
      const ticket = this.server.mint(this.now, generation);
      return this.#later(
        2 * LATENCY_MS,
        () => this.#inFlight.delete(call) && this.tell({ type: 'ticket', call, ...ticket }),
      );
    }
    if (status === 401) this.#refusedGenerations.add(generation);
    const retryAfterMs = mode.is === 'status' ? mode.retryAfterMs : undefined;
    const problem: Problem =
      status === 401 || status === 403
        ? { code: 'credentials-rejected', at: 't', status }
        : { code: status === 429 ? 'rate-limited' : 'server-unavailable', at: 't', status, retryAfterMs };
    this.#later(2 * LATENCY_MS, () => fail(problem));
  }

  #dial(call: number, ticket: string): void {
    this.#live.add(call);
    if (this.#live.size > 1) this.broken.push('6: two live links');
    const worker = this.#worker;
    const isMine = (): boolean => worker === this.#worker && this.#link?.call === call;
    const inbox: (() => void)[] = [];
    const take = (): void => void (isMine() && this.#awake(() => isMine() && inbox.shift()?.(), LATENCY_MS));
    /** A frame or a close on its way to us; nothing overtakes another, though the machine may sleep meanwhile. */
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
    this.#link = { call, connection };
    if (this.server.dialMode === 'blackhole') return;
    if (this.server.dialMode === 'refuse' || !this.online) return arrive(() => this.#onClosed(call, 1006, ''));
    this.after(LATENCY_MS, () => {
      if (!isMine()) return;
      connection.open = true;
      this.server.connections.add(connection);
      const generation = this.server.redeem(ticket, this.now);
      connection.generation = generation ?? 0;
      if (generation === undefined || generation < this.server.minGeneration) this.#refuse(connection);
      else arrive(() => this.#relay({ type: 'opened' }));
    });
  }

  #refuse(connection: Connection): void {
    this.#refusedGenerations.add(connection.generation);
    this.server.drop(connection, 4401, '');
  }

  #onFrame(call: number, data: string): void {
    this.#heardAt = this.now;
    this.tell({ type: 'heard', call });
    this.#relay({ type: 'frame', data });
  }

  #onClosed(call: number, code: number, reason: string): void {
    this.#link = undefined;
    this.#live.delete(call);
    this.#relay({ type: 'closed', code });
    this.tell({
      type: 'closed',
      call,
      verdict: this.#parts.codec.closed(code, reason),
      problem: problemOfClose(code, 's'),
    });
  }

  #relay(event: CodecEvent): void {
    for (const output of this.#codec.tell(event, this.now)) this.#put(output);
  }

  #put(output: CodecOutput): void {
    const link = this.#link;
    switch (output.type) {
      case 'send':
        return link && this.#send(link.connection, String(output.data));
      case 'tell':
        for (const [id, tab] of this.tabs) if (output.tab === undefined || output.tab === id) tab.receive(output.frame);
        return;
      case 'settled':
        this.disk.delete(output.id);
        this.#outbox.remove(output.id);
        return this.inputs();
      case 'greeted':
        this.#heardAt = this.now;
        if (link) this.tell({ ...output, call: link.call });
        for (const item of this.#outbox.sendable('u')) this.#relay({ type: 'publish', item });
        return;
      case 'renewed':
      case 'draining':
        return link && this.tell({ ...output, call: link.call });
      case 'violated':
        this.broken.push('the codec does not know a frame');
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

  /** Whatever the server is about to close for, its generation has been refused. */
  #noteRefusal(connection: Connection): void {
    this.#refusedGenerations.add(connection.generation);
  }

  // ---- the session, which may look but is never ended from here

  #onReport(generation: number): void {
    this.reports++;
    if (!this.#refusedGenerations.has(generation)) this.broken.push(`8: generation ${generation} was never refused`);
    if (generation !== this.generation) return;
    this.after(500, () => generation === this.generation && this.rotate());
  }

  rotate(): void {
    this.generation = ++this.#generations;
    this.#awake(() => this.inputs());
  }

  signOut(): void {
    this.generation = undefined;
    this.#awake(() => this.inputs());
  }

  /** The server wants newer tokens from now on, and says so on open sockets, too. */
  expire(): void {
    this.server.minGeneration = this.#generations + 1;
    for (const connection of [...this.server.connections])
      if (connection.generation < this.server.minGeneration) this.#refuse(connection);
  }

  drop(code: number, reason: string): void {
    for (const connection of [...this.server.connections]) {
      if (code === 4401) this.#refusedGenerations.add(connection.generation);
      this.server.drop(connection, code, reason);
    }
  }

  // ---- pages

  join(id: string, topic: string): void {
    let tab = this.tabs.get(id);
    if (!tab) this.tabs.set(id, (tab = new Tab(this, id)));
    if (tab.cursors.has(topic)) return;
    tab.cursors.set(topic, null);
    this.#awake(() => this.tabs.has(id) && this.#relayJoin(id, topic));
  }

  #relayJoin(tab: string, topic: string): void {
    this.#relay({ type: 'join', tab, topic, cursor: this.tabs.get(tab)?.cursors.get(topic) ?? null });
    this.inputs();
  }

  leave(id: string): void {
    if (!this.tabs.delete(id)) return;
    this.#awake(() => {
      this.#relay({ type: 'tab-left', tab: id });
      this.inputs();
    });
  }

  /** The same page on a new port: it says how far it is. */
  reattach(id: string): void {
    const tab = this.tabs.get(id);
    if (tab) this.#awake(() => this.#attach(tab));
  }

  publish(topic: string): void {
    const made = outboxItem(`p${++this.#ids}`, topic, { n: this.#ids }, '');
    if (!made.ok || this.#outbox.add(made.value)) return;
    this.disk.set(made.value.id, made.value);
    this.#outbox.saved(made.value.id);
    this.#awake(() => {
      this.#relay({ type: 'publish', item: made.value });
      this.inputs();
    });
  }

  // ---- the invariants, while it runs

  checkGap({ topic, to }: PortFrame & { type: 'gap' }, cursor: Cursor, fail: (why: string) => void): void {
    const history = this.server.history(topic);
    if (to === 0 ? history.epoch === cursor.epoch : history.epoch === cursor.epoch && to >= history.oldest)
      fail('a gap that the server could have filled');
  }

  checkEvent({ topic, epoch, offset, data }: PortFrame & { type: 'event' }, fail: (why: string) => void): void {
    const history = this.server.history(topic);
    if (history.epoch === epoch && history.events[offset - 1]?.id !== data) fail('not what the server said');
  }

  #checkCondemned({ call, code }: SocketEffect & { type: 'hang-up' }): void {
    if (code !== CLOSE.silent || this.#link?.call !== call) return;
    const { connection } = this.#link;
    // A nap that ends just before the alarm cannot be told from silence.
    if (this.#lateness < POLICY.lateMs && this.now - this.#awakeSince < POLICY.answerWithinMs) return;
    if (connection.greeted && !connection.silent && this.server.connections.has(connection))
      this.broken.push('7: condemned a link that answers');
  }

  /** What one page publishes on one topic arrives in that order, and once. */
  #checkPublished(): void {
    for (const { events } of this.server.histories.values()) {
      const serials = events.filter(({ id }) => id.startsWith('p')).map(({ id }) => Number(id.slice(1)));
      if (serials.some((serial, i) => serial <= (serials[i - 1] ?? 0)))
        this.broken.push(`10: published as ${serials.join()}`);
    }
  }

  #check(): void {
    if (this.machine.state.at !== 'open' || this.now < this.#asleepUntil) return;
    const silence = this.now - Math.max(this.#heardAt, this.#awakeSince);
    if (silence > NOTICE_WITHIN_MS) this.broken.push(`7: silent for ${silence} ms`);
  }

  // ---- the end: the world heals, and nobody lends a hand

  isWell(): boolean {
    if (this.machine.state.at !== 'open' || this.disk.size > 0) return false;
    for (const tab of this.tabs.values()) {
      for (const [topic, cursor] of tab.cursors)
        if (cursor?.offset !== this.server.head(topic) || cursor.epoch !== this.server.history(topic).epoch)
          return false;
    }
    return true;
  }

  heal(withinMs: number): void {
    this.advance(Math.max(0, this.#asleepUntil - this.now));
    this.server.ticketMode = { is: 'ok' };
    this.server.dialMode = 'ok';
    for (const connection of [...this.server.connections])
      if (connection.silent) this.server.connections.delete(connection);
    this.online = true;
    this.visible = true;
    this.join('healed', 'a');
    if (this.generation === undefined) this.rotate();
    this.inputs();
    for (let waited = 0; waited < withinMs && !this.isWell(); waited += 1_000) this.advance(1_000);
    this.#checkPublished();
    if (!this.isWell()) this.broken.push(`9: ${JSON.stringify(this.machine.state)} ${this.disk.size} unsent`);
  }
}
