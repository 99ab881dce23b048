import { newId } from './ids.ts';
import type { SocketFrame, SocketHub } from './socket-hub.ts';
import { checkClose, checkProtocols, nameOf, payloadOf, sizeOf, wireUrlOf, type Payload } from './socket-rules.ts';

type Queued = Payload | Blob;
type Goodbye = { code: number; reason: string };

/** The wire below the socket, which may be gone while the page's socket stays open. */
type Link =
  | { name: 'down' }
  | { name: 'up' }
  /** The last messages are on their way out, and then the goodbye. */
  | { name: 'closing'; goodbye: Goodbye };

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** RFC 6455 §7.4.1: no close frame was received. */
const ABNORMAL = 1006;

/**
 * A drop-in `WebSocket` (https://websockets.spec.whatwg.org/#the-websocket-interface) whose wire is the worker's:
 * shared, ticketed, resumed. It stays open over the death of a worker; what was sent in the meantime waits.
 * Throws what a WebSocket throws (SyntaxError, InvalidStateError, InvalidAccessError).
 */
export class KeeperSocket extends EventTarget implements WebSocket {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSING = CLOSING;
  readonly CLOSED = CLOSED;

  declare onopen: WebSocket['onopen'];
  declare onmessage: WebSocket['onmessage'];
  declare onerror: WebSocket['onerror'];
  declare onclose: WebSocket['onclose'];
  readonly url: string;
  readonly extensions = '';

  readonly #id = newId();
  readonly #hub: SocketHub;
  readonly #origin: string;
  readonly #protocols: readonly string[];
  readonly #handlers = new Map<string, EventListener>();
  readonly #queue: Queued[] = [];
  #readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #binaryType: BinaryType = 'blob';
  #protocol = '';
  #link: Link = { name: 'down' };
  #flushing = false;
  /** Bytes that were given to `send()` after the end; the standard has them counted for ever. */
  #unsent = 0;

  constructor(hub: SocketHub, url: string | URL, protocols: string | string[] = []) {
    super();
    this.#hub = hub;
    const wireUrl = wireUrlOf(url, document.baseURI);
    this.#protocols = checkProtocols(protocols);
    this.url = wireUrl.href;
    this.#origin = wireUrl.origin;
    this.#hub.add(this.#id, {
      reopen: () => this.#reopen(),
      frame: (frame) => this.#receive(frame),
      abandon: () => this.#ended(ABNORMAL, '', false),
    });
    this.#reopen();
  }

  static {
    for (const type of ['open', 'message', 'error', 'close']) {
      Object.defineProperty(this.prototype, `on${type}`, {
        configurable: true,
        enumerable: true,
        get(this: KeeperSocket) {
          return this.#handlers.get(type) ?? null;
        },
        set(this: KeeperSocket, handler: unknown) {
          this.#handle(type, handler);
        },
      });
    }
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get bufferedAmount(): number {
    return this.#queue.reduce((sum, data) => sum + sizeOf(data), this.#unsent);
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    // an unknown value of a WebIDL enumeration is ignored
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.#readyState === CONNECTING) throw new DOMException('Still in CONNECTING state', 'InvalidStateError');
    const payload = data instanceof Blob ? data : payloadOf(data);
    if (this.#readyState !== OPEN) {
      this.#unsent += sizeOf(payload);
      return;
    }
    this.#queue.push(payload);
    void this.#flush();
  }

  close(code?: number, reason = ''): void {
    checkClose(code, reason);
    if (this.#readyState >= CLOSING) return;
    const up = this.#link.name === 'up';
    const connecting = this.#readyState === CONNECTING;
    this.#readyState = CLOSING;
    if (up) {
      this.#link = { name: 'closing', goodbye: { code: code ?? 1000, reason } };
      void this.#flush();
      return;
    }
    if (connecting) this.#hub.post({ type: 'socket-close', socket: this.#id, code: 1000, reason: '' });
    queueMicrotask(() => this.#ended(ABNORMAL, '', false));
  }

  /** The first handler of a type takes its place among the listeners; later ones take the same place. */
  #handle(type: string, handler: unknown): void {
    const known = this.#handlers.has(type);
    if (typeof handler === 'function') this.#handlers.set(type, (event) => void handler.call(this, event));
    else this.#handlers.delete(type);
    if (!known) this.addEventListener(type, (event) => this.#handlers.get(type)?.(event));
  }

  #reopen(): void {
    // whether the goodbye was heard is unknown
    if (this.#readyState >= CLOSING) return this.#ended(ABNORMAL, '', false);
    this.#link = { name: 'down' };
    this.#hub.post({
      type: 'socket-open',
      socket: this.#id,
      url: nameOf(this.url, location.host),
      protocols: this.#protocols,
    });
  }

  #receive(frame: SocketFrame): void {
    if (frame.type === 'socket-closed') return this.#ended(frame.code, frame.reason, frame.wasClean);
    if (frame.type === 'socket-message') return this.#message(frame.data);
    if (this.#readyState >= CLOSING) return;
    this.#link = { name: 'up' };
    this.#protocol = frame.protocol;
    // a second one is the resumption on another worker
    if (this.#readyState === CONNECTING) {
      this.#readyState = OPEN;
      this.dispatchEvent(new Event('open'));
    }
    void this.#flush();
  }

  #message(data: string | ArrayBuffer): void {
    if (this.#readyState !== OPEN) return;
    const value = typeof data === 'string' || this.#binaryType === 'arraybuffer' ? data : new Blob([data]);
    this.dispatchEvent(new MessageEvent('message', { data: value, origin: this.#origin }));
  }

  #ended(code: number, reason: string, wasClean: boolean): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    this.#link = { name: 'down' };
    this.#hub.remove(this.#id);
    if (!wasClean) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
  }

  /** One at a time, so that a Blob, which has to be read first, keeps its place. */
  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    for (;;) {
      const [next] = this.#queue;
      if (next === undefined || this.#link.name === 'down') break;
      if (next instanceof Blob) {
        this.#queue[0] = await next.arrayBuffer();
        continue;
      }
      if (!this.#hub.post({ type: 'socket-send', socket: this.#id, data: next })) break;
      this.#queue.shift();
    }
    this.#flushing = false;
    if (this.#link.name === 'closing')
      this.#hub.post({ type: 'socket-close', socket: this.#id, ...this.#link.goodbye });
  }
}
