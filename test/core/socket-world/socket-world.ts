import { outboxItem } from '../../../src/core/socket/outbox.ts';
import type { SocketEffect } from '../../../src/core/socket/socket-types.ts';
import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import { CLOSE_CODE } from '../../../src/protocol/frames.ts';
import type { Cursor } from '../../../src/protocol/cursor.ts';
import { HEARTBEAT_MS } from './socket-server.ts';
import { Tab } from './socket-tab.ts';
import { POLICY, Worker } from './socket-worker.ts';

/** The server's reason has nothing to do with a message, or the client does not count it: see suspects.ts. */
const EXPLAINED: readonly number[] = [1001, 1012, 1013, 4401, 4403, 4408, 4409, 4429];
const NOTICE_WITHIN_MS = HEARTBEAT_MS + POLICY.answerWithinMs;

/** One browser, its tabs and one server. Only `advance` and `sleep` move the time. */
export class World extends Worker {
  #ids = 0;
  #generations = 1;
  /** Closes of the network that nothing explains. Three of them look like a message that the server refuses. */
  #unexplained = 0;

  // ---- the session: the socket may report a generation, but cannot end the session

  protected override onReport(generation: number): void {
    if (!this.refusedGenerations.has(generation)) this.broken.push(`8: generation ${generation} was never refused`);
    if (generation !== this.generation) return;
    this.after(500, () => generation === this.generation && this.rotate());
  }

  newEpoch(): void {
    this.#unexplained++;
    this.server.newEpoch();
  }

  rotate(): void {
    this.generation = ++this.#generations;
    this.awake(() => this.inputs());
  }

  signOut(): void {
    this.generation = undefined;
    this.awake(() => this.inputs());
  }

  /** The server requires newer tokens from now on, and closes sockets with older ones. */
  expire(): void {
    this.server.minGeneration = this.#generations + 1;
    for (const connection of [...this.server.connections])
      if (connection.generation < this.server.minGeneration) this.refuse(connection);
  }

  drop(code: number, reason: string): void {
    if (!EXPLAINED.includes(code)) this.#unexplained++;
    for (const connection of [...this.server.connections]) {
      if (code === 4401) this.refusedGenerations.add(connection.generation);
      this.server.drop(connection, code, reason);
    }
  }

  // ---- pages

  join(id: string, topic: string): void {
    let tab = this.tabs.get(id);
    if (!tab) this.tabs.set(id, (tab = new Tab(this, id)));
    if (tab.cursors.has(topic)) return;
    tab.cursors.set(topic, null);
    this.awake(() => this.tabs.has(id) && this.#relayJoin(id, topic));
  }

  #relayJoin(tab: string, topic: string): void {
    this.relay({ type: 'join', tab, topic, cursor: this.tabs.get(tab)?.cursors.get(topic) ?? null });
    this.inputs();
  }

  leave(id: string): void {
    if (!this.tabs.delete(id)) return;
    this.awake(() => {
      this.relay({ type: 'tab-left', tab: id });
      this.inputs();
    });
  }

  /** The same page joins again on a new port, with its cursors. */
  reattach(id: string): void {
    const tab = this.tabs.get(id);
    if (tab) this.awake(() => this.attach(tab));
  }

  /** `poison`: the code with which the server closes on this publication. */
  publish(topic: string, poison?: number): void {
    const made = outboxItem(`p${++this.#ids}`, topic, { n: this.#ids }, '');
    if (!made.ok || this.outbox.add(made.value)) return;
    if (poison !== undefined) this.server.poison.set(made.value.id, poison);
    this.disk.set(made.value.id, made.value);
    this.outbox.saved(made.value.id);
    this.awake(() => {
      this.relay({ type: 'publish', item: made.value });
      this.inputs();
    });
  }

  // ---- the invariants that hold at each moment

  override checkGap({ topic, to }: PortFrame & { type: 'gap' }, cursor: Cursor, fail: (reason: string) => void): void {
    const history = this.server.history(topic);
    if (to === 0 ? history.epoch === cursor.epoch : history.epoch === cursor.epoch && to >= history.oldest)
      fail('a gap that the server could have filled');
  }

  override checkEvent(
    { topic, epoch, offset, data }: PortFrame & { type: 'event' },
    fail: (reason: string) => void,
  ): void {
    const history = this.server.history(topic);
    if (history.epoch === epoch && history.events[offset - 1]?.id !== data) fail('not the event of the server');
  }

  protected override checkHangUp({ call, code }: SocketEffect & { type: 'hang-up' }): void {
    if (code !== CLOSE_CODE.silent || this.link?.call !== call) return;
    const { connection } = this.link;
    // The worker cannot distinguish a sleep that ends just before the alarm from a silent server.
    if (this.lateness < POLICY.lateMs && this.now - this.awakeSince < POLICY.answerWithinMs) return;
    if (connection.greeted && !connection.silent && this.server.connections.has(connection))
      this.broken.push('7: dropped a live socket');
  }

  /** The messages of a topic arrive once, in the order of publishing. */
  #checkPublished(): void {
    for (const { events } of this.server.histories.values()) {
      const serials = events.filter(({ id }) => id.startsWith('p')).map(({ id }) => Number(id.slice(1)));
      if (serials.some((serial, i) => serial <= (serials[i - 1] ?? 0)))
        this.broken.push(`10: published as ${serials.join()}`);
    }
  }

  /** Only what the server closes on goes back to its sender. The outbox is empty, so the server has all the rest. */
  #checkRefused(): void {
    for (const id of this.refused) {
      if (this.server.poison.has(id) || this.#unexplained > 2) continue;
      this.broken.push(`16: refused the innocent ${id}`);
    }
    for (const id of this.server.poison.keys()) if (this.disk.has(id)) this.broken.push(`16: still sends ${id}`);
  }

  protected override check(): void {
    if (this.machine.state.state !== 'open' || this.now < this.asleepUntil) return;
    const silence = this.now - Math.max(this.receivedAt, this.awakeSince);
    if (silence > NOTICE_WITHIN_MS) this.broken.push(`7: silent for ${silence} ms`);
  }

  // ---- the end: all faults are over, and the user does nothing

  isRecovered(): boolean {
    if (this.machine.state.state !== 'open' || this.disk.size > 0) return false;
    for (const tab of this.tabs.values()) {
      for (const [topic, cursor] of tab.cursors)
        if (cursor?.offset !== this.server.head(topic) || cursor.epoch !== this.server.history(topic).epoch)
          return false;
    }
    return true;
  }

  heal(withinMs: number): void {
    this.advance(Math.max(0, this.asleepUntil - this.now));
    this.server.ticketMode = { type: 'ok' };
    this.server.dialMode = 'ok';
    for (const connection of [...this.server.connections])
      if (connection.silent) this.server.connections.delete(connection);
    this.online = true;
    this.visible = true;
    this.join('healed', 'a');
    if (this.generation === undefined) this.rotate();
    this.inputs();
    for (let waited = 0; waited < withinMs && !this.isRecovered(); waited += 1_000) this.advance(1_000);
    this.#checkPublished();
    this.#checkRefused();
    if (!this.isRecovered()) this.broken.push(`9: ${JSON.stringify(this.machine.state)} ${this.disk.size} unsent`);
  }
}
