import type { Codec, CodecEvent, CodecKind, CodecOutput, Frame } from '../../../src/core/codecs/codec.ts';
import { isObject, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';

/*
 * A Socket.IO server with connection state recovery, a worker that may die, and tabs with a minimal Socket.IO client.
 * The client detects lost and repeated events: each event must have the number after the previous one.
 */

export type Op =
  | { op: 'emit' | 'cut' | 'forget' | 'heal' | 'return' }
  | { op: 'open' | 'leave' | 'ask' | 'deliver'; tab: number }
  /** All tabs except `late` connect to the next worker at once. */
  | { op: 'kill'; late?: number };

/** The server with its event history and its one connection. */
class Server {
  readonly #recovers: boolean;
  readonly #events: string[] = [];
  readonly #sessions = new Map<string, number>();
  #lastSession = 0;
  #joined: string | undefined;
  answered = 0;
  send: (frame: string) => void = () => undefined;

  constructor(recovers: boolean) {
    this.#recovers = recovers;
  }

  connect(send: (frame: string) => void): void {
    this.send = send;
    send('0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}');
  }
  lost(): void {
    if (this.#joined !== undefined) this.#sessions.set(this.#joined, this.#events.length);
    this.#joined = undefined;
    this.send = () => undefined;
  }
  forget(): void {
    this.#sessions.clear();
  }
  emit(): void {
    this.#events.push(`o${this.#events.length + 1}`);
    if (this.#joined !== undefined) this.send(this.#packet(this.#events.length));
  }
  receive(frame: Frame): void {
    if (typeof frame !== 'string') return;
    if (frame.startsWith('40')) return this.#join(frame.slice(2));
    if (frame === '41') {
      this.#joined = undefined;
      return;
    }
    const id = /^42(\d+)/.exec(frame)?.[1];
    this.answered += 1;
    if (id !== undefined && this.#joined !== undefined) this.send(`43${id}[]`);
  }
  #packet(n: number): string {
    return this.#recovers ? `42["n",${n},"o${n}"]` : `42["n",${n}]`;
  }
  #join(body: string): void {
    const packet = parseJson(body);
    const pid = isObject(packet) ? stringAt(packet, 'pid') : undefined;
    const offset = isObject(packet) ? stringAt(packet, 'offset') : undefined;
    const at = offset === undefined ? -1 : this.#events.indexOf(offset);
    if (pid !== undefined && this.#sessions.delete(pid) && at >= 0) {
      for (let n = at + 2; n <= this.#events.length; n += 1) this.send(this.#packet(n));
      this.#joined = pid;
    } else this.#joined = `p${++this.#lastSession}`;
    const who = this.#recovers ? { sid: `s${this.#joined}`, pid: this.#joined } : { sid: `s${this.#joined}` };
    this.send(`40${JSON.stringify(who)}`);
  }
}

type PortFrame = (CodecOutput & { type: 'toTab' })['frame'];

type Tab = {
  name: string;
  socket: number;
  /** Its frames wait until the current worker has opened its socket. */
  phase: 'none' | 'asking' | 'worker';
  memo: string | null;
  last: number | undefined;
  joined: boolean;
  waiting: Set<number>;
  /** The frames of one worker turn arrive together, or not at all. */
  inbox: PortFrame[][];
  /** Frames that the worker has not acknowledged. The tab sends them to the next worker again. */
  unacknowledged: string[];
};

export class World {
  readonly #kind: CodecKind;
  readonly #resends: boolean;
  readonly #server: Server;
  readonly #tabs = new Map<string, Tab>();
  #codec: Codec;
  #link: 'up' | 'down' = 'down';
  #wire: string[] = [];
  #requests = 0;
  /** Descriptions of each detected failure. */
  readonly failures: string[] = [];
  closes = 0;
  redials = 0;

  /** `resends`: pages repeat frames that a dead worker had not acknowledged. `recovers`: the server has recovery. */
  constructor(kind: CodecKind, { resends = true, recovers = true } = {}) {
    this.#kind = kind;
    this.#server = new Server(recovers);
    this.#resends = resends;
    this.#codec = kind.create({ host: 'h', epoch: 1 });
  }

  run(ops: readonly Op[]): void {
    for (const op of ops) this.#do(op);
    this.#do({ op: 'return' });
    this.#settle();
    this.#server.emit();
    this.#settle();
    for (const { name, joined, last, waiting } of this.#tabs.values()) {
      if (!joined) this.failures.push(`${name} is not connected`);
      if (last === undefined) this.failures.push(`${name} did not receive the last event`);
      if (waiting.size > 0) this.failures.push(`${name} has no answer`);
    }
  }

  #do(op: Op): void {
    switch (op.op) {
      case 'emit':
        return this.#server.emit();
      case 'forget':
        return this.#server.forget();
      case 'cut':
        return this.#cut();
      case 'kill':
        return this.#kill(`t${op.late}`);
      case 'heal':
        return this.#settle();
      case 'open':
        return this.#open(`t${op.tab}`);
      case 'leave':
        this.#tabs.delete(`t${op.tab}`);
        return this.#dispatch({ type: 'tab-left', tab: `t${op.tab}` });
      case 'return':
        return this.#tabs.forEach((tab) => this.#return(tab));
      case 'ask':
        return this.#request(this.#tabs.get(`t${op.tab}`));
      case 'deliver':
        this.#deliver(this.#tabs.get(`t${op.tab}`), 1);
    }
  }

  /** Delivers all frames to the worker and to each tab, until no frame is left. */
  #settle(): void {
    for (let turns = 0; turns < 50; turns += 1) {
      if (this.#link === 'down' && this.#codec.listeners > 0) this.#dial();
      const frames = this.#wire.splice(0);
      for (const data of frames) this.#dispatch({ type: 'frame', data });
      let delivered = 0;
      for (const tab of this.#tabs.values()) delivered += this.#deliver(tab, Infinity);
      if (frames.length + delivered === 0) return;
    }
    this.failures.push('endless loop');
  }

  #dial(): void {
    this.#link = 'up';
    this.#dispatch({ type: 'opened' });
    this.#server.connect((frame) => this.#wire.push(frame));
  }

  /** Frames on their way to the worker are lost. */
  #cut(): void {
    if (this.#link === 'down') return;
    this.#link = 'down';
    this.#wire = [];
    this.#server.lost();
    this.#dispatch({ type: 'closed', code: 1006 });
  }

  #redial(): void {
    this.redials += 1;
    this.#cut();
  }

  /** Frames on their way to the worker and to the tabs are lost. */
  #kill(late: string): void {
    this.#link = 'down';
    this.#wire = [];
    this.#server.lost();
    this.#codec = this.#kind.create({ host: 'h', epoch: 1 });
    for (const tab of this.#tabs.values()) {
      Object.assign(tab, { phase: 'none', inbox: [] });
      if (tab.name !== late) this.#return(tab);
    }
  }

  #return(tab: Tab): void {
    if (tab.phase === 'none') this.#reopen(tab);
  }

  #reopen(tab: Tab): void {
    tab.phase = 'asking';
    this.#dispatch({ type: 'socket-open', tab: tab.name, socket: String(tab.socket), protocols: [], again: tab.memo });
  }

  #open(name: string): void {
    if (this.#tabs.has(name)) return;
    const tab: Tab = {
      name,
      socket: 0,
      phase: 'none',
      memo: null,
      last: undefined,
      joined: false,
      waiting: new Set(),
      inbox: [],
      unacknowledged: [],
    };
    this.#tabs.set(name, tab);
    this.#connect(tab);
  }

  #connect(tab: Tab): void {
    Object.assign(tab, {
      socket: tab.socket + 1,
      memo: null,
      last: undefined,
      joined: false,
      inbox: [],
      unacknowledged: [],
    });
    tab.waiting.clear();
    this.#reopen(tab);
  }

  #request(tab: Tab | undefined): void {
    if (!tab?.joined) return;
    const id = ++this.#requests;
    tab.waiting.add(id);
    this.#emit(tab, `42${id}["ask"]`);
  }

  #emit(tab: Tab, data: string): void {
    tab.unacknowledged.push(data);
    this.#send(tab, data);
  }

  #send({ name, socket, phase }: Tab, data: string): void {
    if (phase !== 'worker') return;
    const id = String(socket);
    const taken: CodecOutput = { type: 'toTab', tab: name, frame: { type: 'socket-taken', socket: id, count: 1 } };
    this.#dispatch({ type: 'socket-send', tab: name, socket: id, data }, taken);
  }

  #dispatch(event: CodecEvent, ...more: readonly CodecOutput[]): void {
    const turn = new Map<string, PortFrame[]>();
    for (const output of [...this.#codec.dispatch(event, 0), ...more]) {
      if (output.type === 'send' && this.#link === 'up') this.#server.receive(output.data);
      if (output.type === 'toTab' && output.tab !== undefined)
        turn.set(output.tab, [...(turn.get(output.tab) ?? []), output.frame]);
      if (output.type === 'violated') this.failures.push('violated');
      if (output.type === 'redial') this.#redial();
    }
    for (const [name, frames] of turn) this.#tabs.get(name)?.inbox.push(frames);
  }

  /** Delivers up to `most` turns to the tab, and returns their number. */
  #deliver(tab: Tab | undefined, most: number): number {
    const turns = tab?.inbox.splice(0, most) ?? [];
    for (const frame of turns.flat()) if (tab) this.#receive(tab, frame);
    return turns.length;
  }

  #receive(tab: Tab, frame: PortFrame): void {
    if (!('socket' in frame) || frame.socket !== String(tab.socket)) return;
    switch (frame.type) {
      case 'socket-memo':
        tab.memo = frame.memo;
        return;
      case 'socket-taken':
        tab.unacknowledged.splice(0, frame.count);
        return;
      case 'socket-opened':
        tab.memo ??= '';
        tab.phase = 'worker';
        for (const data of this.#resends ? tab.unacknowledged : []) this.#send(tab, data);
        return;
      case 'socket-message':
        if (typeof frame.data === 'string') this.#message(tab, frame.data);
        return;
      case 'socket-closed':
        this.closes += 1;
        this.#connect(tab);
    }
  }

  #message(tab: Tab, data: string): void {
    if (data.startsWith('0')) return this.#emit(tab, '40');
    if (data.startsWith('40')) tab.joined = true;
    const answer = /^43(\d+)/.exec(data)?.[1];
    if (answer !== undefined && !tab.waiting.delete(Number(answer)))
      this.failures.push(`${tab.name} received another tab's answer`);
    const n = Number(/^42\["n",(\d+)/.exec(data)?.[1] ?? Number.NaN);
    if (Number.isNaN(n)) return;
    if (tab.last !== undefined && n !== tab.last + 1) this.failures.push(`${tab.name} received ${n} after ${tab.last}`);
    tab.last = n;
  }
}
