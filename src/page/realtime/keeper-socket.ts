import { newId } from '../../protocol/ids.ts';
import type { SocketFrame, SocketHub } from './socket-hub.ts';
import { DirectMessage, SocketMessage, type MessageHandler, type MessageSource } from './socket-message.ts';
import {
  checkClose,
  checkProtocols,
  toClampedUint16,
  socketName,
  payloadOf,
  sizeOf,
  toUSVString,
  webSocketUrl,
  type Payload,
} from './websocket-validation.ts';

type Queued = Payload | Blob;
type Goodbye = { code: number | undefined; reason: string };
type Handler = MessageHandler | object | null;

const isCallable = (handler: unknown): handler is MessageHandler => typeof handler === 'function';

/** The connection to the host. It may be down while the page's socket stays open. */
type Link =
  | { state: 'down' }
  | { state: 'up' }
  /** Sends the last messages, and then closes. */
  | { state: 'closing'; goodbye: Goodbye };

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** RFC 6455 §7.4.1: no close frame was received. */
const ABNORMAL = 1006;

/**
 * A drop-in `WebSocket` (https://websockets.spec.whatwg.org/#the-websocket-interface) whose wire is the worker's:
 * shared, ticketed, resumed. Where its protocol can go on over the death of a worker it stays open, and what was sent
 * in the meantime waits; else it closes, as a WebSocket does. Throws what a WebSocket throws (SyntaxError,
 * InvalidStateError, InvalidAccessError). What still differs: docs/reference/keeper-socket.md.
 */
export class KeeperSocket extends EventTarget implements WebSocket {
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  declare onopen: WebSocket['onopen'];
  declare onmessage: WebSocket['onmessage'];
  declare onerror: WebSocket['onerror'];
  declare onclose: WebSocket['onclose'];

  readonly #id = newId();
  readonly #hub: SocketHub;
  readonly #url: URL;
  readonly #protocols: readonly string[];
  readonly #handlers = new Map<string, Handler>();
  readonly #source: MessageSource;
  /** The target of messages: all listeners, or only the `onmessage` handler while the socket has had no other listener. */
  #target: 'listeners' | MessageHandler | undefined;
  /** Messages that the host has not accepted yet. The first `#posted` of them are posted. */
  readonly #queue: Queued[] = [];
  #posted = 0;
  #readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #binaryType: BinaryType = 'blob';
  #protocol = '';
  #extensions = '';
  #link: Link = { state: 'down' };
  #flushing = false;
  /** What another worker needs to resume this socket, as the host wrote it. `null` before it is open. */
  #memo: string | null = null;
  /** Bytes passed to `send()` after the end. The standard counts them in `bufferedAmount`. */
  #unsent = 0;

  readonly #message = (data: unknown): void => {
    if (this.#readyState !== OPEN || this.#target === undefined) return;
    const value = typeof data === 'string' ? data : this.#binary(data);
    if (value === undefined) return;
    if (this.#target === 'listeners') this.dispatchEvent(new SocketMessage(value, this.#source.origin));
    else new DirectMessage(value, this.#source).dispatchTo(this.#target);
  };

  constructor(hub: SocketHub, url: string | URL, protocols: string | Iterable<string> = []) {
    super();
    this.#hub = hub;
    this.#url = webSocketUrl(url, document.baseURI);
    this.#source = { socket: this, origin: this.#url.origin };
    this.#protocols = checkProtocols(protocols);
    this.#hub.add(this.#id, {
      reopen: () => this.#reopen(),
      message: this.#message,
      frame: (frame) => this.#receive(frame),
      abandon: () => this.#ended(ABNORMAL, '', false),
    });
    this.#reopen();
  }

  static {
    const { prototype } = this;
    for (const name of Object.getOwnPropertyNames(prototype))
      if (name !== 'constructor') Object.defineProperty(prototype, name, { enumerable: true });
    for (const type of ['open', 'message', 'error', 'close']) {
      const get = function (this: KeeperSocket) {
        return this.#handlers.get(type) ?? null;
      };
      const set = function (this: KeeperSocket, handler: unknown) {
        this.#handle(type, handler);
      };
      Object.defineProperty(get, 'name', { value: `get on${type}`, configurable: true });
      Object.defineProperty(set, 'name', { value: `set on${type}`, configurable: true });
      Object.defineProperty(prototype, `on${type}`, { configurable: true, enumerable: true, get, set });
    }
  }

  get url(): string {
    return this.#url.href;
  }

  get extensions(): string {
    return this.#extensions;
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
    // An unknown value of a WebIDL enumeration is ignored. The first access throws on another object.
    const before = this.#binaryType;
    this.#binaryType = type === 'blob' || type === 'arraybuffer' ? type : before;
  }

  override addEventListener(...[type, listener, options]: Parameters<EventTarget['addEventListener']>): void {
    if (type === 'message') this.#target = 'listeners';
    super.addEventListener(type, listener, options);
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (arguments.length === 0) throw new TypeError("Failed to execute 'send': 1 argument required");
    if (this.#readyState === CONNECTING) throw new DOMException('Still in CONNECTING state', 'InvalidStateError');
    const payload = data instanceof Blob ? data : payloadOf(data);
    if (this.#readyState !== OPEN) {
      this.#unsent += sizeOf(payload);
      return;
    }
    this.#queue.push(payload);
    void this.#flush();
  }

  close(...[code, reason = '']: [code?: number, reason?: string]): void {
    const goodbye = { code: code === undefined ? code : toClampedUint16(code), reason: toUSVString(reason) };
    checkClose(goodbye.code, goodbye.reason);
    if (this.#readyState >= CLOSING) return;
    const up = this.#link.state === 'up';
    const connecting = this.#readyState === CONNECTING;
    this.#readyState = CLOSING;
    if (up) {
      this.#link = { state: 'closing', goodbye };
      void this.#flush();
      return;
    }
    if (connecting) this.#hub.post({ type: 'socket-close', socket: this.#id, reason: '' });
    setTimeout(() => this.#ended(ABNORMAL, '', false));
  }

  /** The first handler of a type takes its place among the listeners; later ones take the same place. */
  #handle(type: string, handler: unknown): void {
    const known = this.#handlers.has(type);
    const isHandler = typeof handler === 'function' || (typeof handler === 'object' && handler !== null);
    if (!isHandler && !known) return;
    this.#handlers.set(type, isHandler ? handler : null);
    if (type === 'message' && this.#target !== 'listeners') this.#target = isCallable(handler) ? handler : undefined;
    if (known) return;
    super.addEventListener(type, (event) => {
      const current = this.#handlers.get(type);
      if (isCallable(current)) Reflect.apply(current, this, [event]);
    });
  }

  #reopen(): void {
    // It is unknown whether the close reached the server.
    if (this.#readyState >= CLOSING) return this.#ended(ABNORMAL, '', false);
    this.#link = { state: 'down' };
    this.#posted = 0;
    this.#hub.post({
      type: 'socket-open',
      socket: this.#id,
      url: socketName(this.#url, location),
      protocols: this.#protocols,
      again: this.#memo,
    });
  }

  #receive(frame: SocketFrame): void {
    switch (frame.type) {
      case 'socket-closed':
        return this.#ended(frame.code, frame.reason, frame.wasClean);
      case 'socket-memo':
        this.#memo = frame.memo;
        return;
      case 'socket-gap':
        this.dispatchEvent(new Event('gap'));
        return;
      case 'socket-taken':
        this.#queue.splice(0, frame.count);
        this.#posted -= frame.count;
        return;
      case 'socket-opened':
        return this.#opened(frame.protocol, frame.extensions);
    }
  }

  #opened(protocol: string, extensions = ''): void {
    if (this.#readyState >= CLOSING) return;
    this.#link = { state: 'up' };
    this.#protocol = protocol;
    this.#extensions = extensions;
    this.#memo ??= '';
    // a second one is the resumption on another worker
    if (this.#readyState === CONNECTING) {
      this.#readyState = OPEN;
      this.dispatchEvent(new Event('open'));
    }
    void this.#flush();
  }

  #binary(data: unknown): ArrayBuffer | Blob | undefined {
    if (!(data instanceof ArrayBuffer)) return undefined;
    return this.#binaryType === 'arraybuffer' ? data : new Blob([data]);
  }

  /** The data cannot be read, such as a file that was deleted: the connection fails (RFC 6455 §7.1.7). */
  #fail(): void {
    this.#hub.post({ type: 'socket-close', socket: this.#id, reason: '' });
    this.#unsent += this.#queue.slice(this.#posted + 1).reduce((sum, data) => sum + sizeOf(data), 0);
    this.#queue.length = 0;
    this.#memo = null;
    this.#ended(ABNORMAL, '', false);
  }

  #ended(code: number, reason: string, wasClean: boolean): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    this.#link = { state: 'down' };
    this.#hub.remove(this.#id);
    // a connection that was lost has not failed (RFC 6455 §7.1.7), and only a failure is an error
    if (this.#memo === null) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }));
  }

  /** One at a time, so that a Blob, which has to be read first, keeps its place. */
  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.#link.state !== 'down') {
      const next = this.#queue[this.#posted];
      if (next === undefined) break;
      if (next instanceof Blob) {
        const data = await next.arrayBuffer().catch(() => undefined);
        if (!data) {
          this.#fail();
          break;
        }
        const place = this.#queue.indexOf(next);
        if (place >= 0) this.#queue[place] = data;
        continue;
      }
      if (!this.#hub.post({ type: 'socket-send', socket: this.#id, data: next })) break;
      this.#posted += 1;
    }
    this.#flushing = false;
    if (this.#link.state === 'closing')
      this.#hub.post({ type: 'socket-close', socket: this.#id, ...this.#link.goodbye });
  }
}
