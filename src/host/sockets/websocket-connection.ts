/** A `WebSocket` constructor: the browser's own, or another in tests. */
export type WebSocketMaker = new (url: string, protocols?: string | string[]) => WebSocket;

export type ConnectionOptions = {
  WebSocket: WebSocketMaker;
  url: string;
  protocols: readonly string[];
  /** Sent before anything else. */
  first?: string | undefined;
  /** `protocol` is the one that the server chose. */
  opened(protocol: string, extensions: string): void;
  received(data: string | ArrayBuffer): void;
  /** Called once, and never after `hangUp`. */
  closed(code: number, reason: string, wasClean: boolean): void;
};

/** One attempt at a WebSocket. It knows bytes only. */
export type WebSocketConnection = {
  /** Bytes that the browser has not sent yet. */
  readonly buffered: number;
  /** Drops the data while the socket is not open: the caller keeps what must not get lost. */
  send(data: string | ArrayBuffer): void;
  /** Starts the closing handshake. `closed` reports the result. */
  close(code: number | undefined, reason: string): void;
  /** Closes, and stops all callbacks at once: the browser's own close can take long. */
  hangUp(code: number, reason?: string): void;
};

/** No close frame was received, or none was possible (RFC 6455 §7.1.5). */
export const ABNORMAL_CLOSURE = 1006;

const isData = (data: unknown): data is string | ArrayBuffer => typeof data === 'string' || data instanceof ArrayBuffer;

/** `close` throws on a code other than 1000 and 3000–4999, and on a reason over 123 bytes. The socket must still close. */
const closeQuietly = (socket: WebSocket, code?: number, reason?: string): void => {
  try {
    socket.close(code, reason);
  } catch {
    socket.close();
  }
};

/**
 * `undefined`: the browser rejects this URL or subprotocol. Chromium 156 throws for most of them. For a URL that the
 * Content-Security-Policy forbids it makes a closed socket, which never dispatches `close`.
 */
const create = ({ WebSocket, url, protocols }: ConnectionOptions): WebSocket | undefined => {
  try {
    const socket = new WebSocket(url, [...protocols]);
    return socket.readyState === socket.CLOSED ? undefined : socket;
  } catch {
    return undefined;
  }
};

export const openConnection = (options: ConnectionOptions): WebSocketConnection => {
  const { opened, received, closed } = options;
  const socket = create(options);
  if (!socket) {
    // Reported asynchronously, like all other failures.
    let silent = false;
    queueMicrotask(() => silent || closed(ABNORMAL_CLOSURE, '', false));
    return { buffered: 0, send: () => undefined, close: () => undefined, hangUp: () => void (silent = true) };
  }
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    if (options.first !== undefined) socket.send(options.first);
    opened(socket.protocol, socket.extensions);
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => isData(data) && received(data);
  // A close event follows each error. Without a handler, the `ws` package of Node throws.
  socket.onerror = () => undefined;
  socket.onclose = ({ code, reason, wasClean }) => closed(code, reason, wasClean);
  return {
    get buffered() {
      return socket.bufferedAmount;
    },
    send: (data) => {
      if (socket.readyState === socket.OPEN) socket.send(data);
    },
    close: (code, reason) => closeQuietly(socket, code, reason),
    hangUp: (code, reason) => {
      socket.onmessage = socket.onclose = null;
      // A socket that opens later has no user any more.
      socket.onopen = () => closeQuietly(socket, code, reason);
      closeQuietly(socket, code, reason);
    },
  };
};
