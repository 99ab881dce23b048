import type { SessionRecord } from '../../../src/core/session/session-types.ts';

export const generationOfSaved = (saved: SessionRecord | undefined): number =>
  saved === undefined ? -1 : saved.state === 'signed-in' ? saved.session.generation : saved.generation;

/** The record that all workers of the origin share. A write fails if the disk has a newer generation. */
export class Disk {
  readable = true;
  writable = true;
  slowMs = 0;
  record: SessionRecord | undefined;
  erasures = 0;
  onWrite: (record: SessionRecord) => void = () => undefined;
  onErase: () => void = () => undefined;
  /** Each token that the disk has ever stored. */
  readonly durable = new Set<string>();

  read(): { ok: true; saved: SessionRecord | undefined } | { ok: false } {
    return this.readable ? { ok: true, saved: this.record } : { ok: false };
  }

  erase(): void {
    this.record = undefined;
    this.erasures++;
    this.onErase();
  }

  write(record: SessionRecord): 'written' | 'failed' | 'superseded' {
    if (!this.writable) return 'failed';
    if (generationOfSaved(this.record) > generationOfSaved(record)) return this.readable ? 'superseded' : 'failed';
    this.onWrite(record);
    this.record = record;
    if (record.state === 'signed-in') {
      const { access, refresh, resources = {} } = record.session.tokens;
      for (const { value } of Object.values(resources)) this.durable.add(value);
      if (access) this.durable.add(access.value);
      if (refresh !== undefined) this.durable.add(refresh);
    }
    return 'written';
  }
}

/** The origin's Web Lock: first come, first served. When a worker dies, the browser releases its lock. */
export class Lock {
  readonly #queue: { owner: number; granted: () => void }[] = [];

  get holder(): number | undefined {
    return this.#queue[0]?.owner;
  }

  request(owner: number, granted: () => void): void {
    this.#queue.push({ owner, granted });
    if (this.#queue.length === 1) granted();
  }

  /** Releases the lock of `owner`, and removes its waiting requests. */
  release(owner: number): void {
    const held = this.holder;
    for (let at = this.#queue.length - 1; at >= 0; at--)
      if (this.#queue[at]?.owner === owner) this.#queue.splice(at, 1);
    if (held === owner) this.#queue[0]?.granted();
  }
}
