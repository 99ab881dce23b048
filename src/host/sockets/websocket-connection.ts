/** What the link needs of a WebSocket constructor; the browser's own has it. */
export type WebSocketMaker = new (url: string, protocols?: string | string[]) => WebSocket;

export type ConnectionOptions = {
  WebSocket: WebSocketMaker;
  url: string;
  protocols: readonly string[];
  /** `protocol` is the one that the server chose. */
  opened(protocol: string): void;
  received(data: string | ArrayBuffer): void;
  /** Once, and never after `hangUp`. */
  closed(code: number, reason: string, wasClean: boolean): void;
};

/** One attempt at a WebSocket. It knows bytes only. */
export type WebSocketConnection = {
  /** Bytes that the browser has yet to send. */
  readonly buffered: number;
  /** Dropped while the socket is not open: what must not get lost is kept by whoever sends it. */
  send(data: string | ArrayBuffer): void;
  /** Asks the server to close; `closed` tells how it went. */
  close(code: number | undefined, reason: string): void;
  /** Nothing of this link is heard any more from here on, though the browser may take its time to close it. */
  hangUp(code: number, reason?: string): void;
};

/** No close frame came, or none could (RFC 6455 §7.1.5). */
const ABNORMAL = 1006;

const isData = (data: unknown): data is string | ArrayBuffer => typeof data === 'string' || data instanceof ArrayBuffer;

/** `close` takes 1000 and 3000–4999 only, and reasons of at most 123 bytes: an odd wish still has to close the socket. */
const closeQuietly = (socket: WebSocket, code?: number, reason?: string): void => {
  try {
    socket.close(code, reason);
  } catch {
    socket.close();
  }
};

export const openConnection = ({
  WebSocket,
  url,
  protocols,
  opened,
  received,
  closed,
}: ConnectionOptions): WebSocketConnection => {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, [...protocols]);
  } catch {
    // A URL or a subprotocol that the browser will not have. Told later, as every other failure is.
    let silent = false;
    queueMicrotask(() => silent || closed(ABNORMAL, '', false));
    return { buffered: 0, send: () => undefined, close: () => undefined, hangUp: () => void (silent = true) };
  }
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => opened(socket.protocol);
  socket.onmessage = ({ data }: MessageEvent<unknown>) => isData(data) && received(data);
  // Says nothing; a close event follows. Without a handler, Node's implementation throws.
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
      // One that opens late has nobody who waits for it.
      socket.onopen = () => closeQuietly(socket, code, reason);
      closeQuietly(socket, code, reason);
    },
  };
};
