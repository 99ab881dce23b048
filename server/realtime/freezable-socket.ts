import type { RawData, WebSocket } from 'ws';
import { startTimer } from '../../src/protocol/timing/timer.ts';

/** An open connection that the fault routes and the shutdown can close or freeze. */
export type FreezableConnection = {
  /** Closes with this code. Without a code it ends the TCP connection, like a crashed server or a lost network. */
  drop(code?: number): void;
  readonly closed: Promise<void>;
  /** Simulates a half-open connection: for `ms` it reads and writes nothing, and answers no ping. */
  freeze(ms: number): void;
};

/** A message as text, from any of the data types of the `ws` library. */
export const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(new Uint8Array(data))).toString('utf8');

const MAX_QUEUED = 1_000;

/** A WebSocket that can be frozen. It queues what is sent while it is frozen. */
export class FreezableSocket implements FreezableConnection {
  readonly ws: WebSocket;
  readonly closed: Promise<void>;
  readonly #onThaw: (() => void) | undefined;
  #cancelThaw: (() => void) | undefined;
  #queue: string[] = [];

  constructor(ws: WebSocket, onThaw?: () => void) {
    this.ws = ws;
    this.#onThaw = onThaw;
    this.closed = new Promise((done) => {
      ws.on('close', () => {
        this.#cancelThaw?.();
        done();
      });
    });
  }

  get isFrozen(): boolean {
    return this.#cancelThaw !== undefined;
  }

  get isOpen(): boolean {
    return this.ws.readyState === this.ws.OPEN;
  }

  send(text: string, sent?: () => void): void {
    if (!this.isOpen) return;
    if (!this.isFrozen) return this.ws.send(text, sent);
    if (this.#queue.length < MAX_QUEUED) this.#queue.push(text);
  }

  drop(code?: number): void {
    if (code === undefined) this.ws.terminate();
    else this.ws.close(code);
  }

  freeze(ms: number): void {
    this.#cancelThaw?.();
    this.ws.pause();
    this.#cancelThaw = startTimer(() => {
      this.#cancelThaw = undefined;
      this.ws.resume();
      for (const text of this.#queue.splice(0)) this.send(text);
      this.#onThaw?.();
    }, ms);
  }
}
