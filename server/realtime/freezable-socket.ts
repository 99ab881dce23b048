import type { RawData, WebSocket } from 'ws';

/** What the lab and the shutdown can do to any open socket. */
export type FreezableConnection = {
  /** Without a code the connection is cut, as a dying server or network would. */
  drop(code?: number): void;
  readonly closed: Promise<void>;
  /** Half-open: neither reads nor writes, and answers no ping, for so long. */
  freeze(ms: number): void;
};

/** A message as text, however the library cut it. */
export const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(new Uint8Array(data))).toString('utf8');

const QUEUE_WHILE_FROZEN = 1_000;

/** A WebSocket that can be frozen; what is sent meanwhile waits. */
export class FreezableSocket implements FreezableConnection {
  readonly ws: WebSocket;
  readonly closed: Promise<void>;
  readonly #onThaw: (() => void) | undefined;
  #thaw: NodeJS.Timeout | undefined;
  #waiting: string[] = [];

  constructor(ws: WebSocket, onThaw?: () => void) {
    this.ws = ws;
    this.#onThaw = onThaw;
    this.closed = new Promise((done) => {
      ws.on('close', () => {
        clearTimeout(this.#thaw);
        done();
      });
    });
  }

  get isFrozen(): boolean {
    return this.#thaw !== undefined;
  }

  get isOpen(): boolean {
    return this.ws.readyState === this.ws.OPEN;
  }

  send(text: string, sent?: () => void): void {
    if (!this.isOpen) return;
    if (!this.isFrozen) return this.ws.send(text, sent);
    if (this.#waiting.length < QUEUE_WHILE_FROZEN) this.#waiting.push(text);
  }

  drop(code?: number): void {
    if (code === undefined) this.ws.terminate();
    else this.ws.close(code);
  }

  freeze(ms: number): void {
    clearTimeout(this.#thaw);
    this.ws.pause();
    this.#thaw = setTimeout(() => {
      this.#thaw = undefined;
      this.ws.resume();
      for (const text of this.#waiting.splice(0)) this.send(text);
      this.#onThaw?.();
    }, ms);
  }
}
