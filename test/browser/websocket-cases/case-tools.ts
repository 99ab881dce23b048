/*
 * Cases for the interface of a WebSocket (https://websockets.spec.whatwg.org/), modelled on the web platform tests in
 * `websockets/`. Each runs in a page against the same echo server, once with the browser's class and once with ours. The
 * test compares the results.
 */

export type SocketConstructor = typeof WebSocket;
export type Case = (Socket: SocketConstructor) => unknown;

export const ECHO = '/echo';

export const errorOf = (run: () => unknown): string => {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.name : typeof error;
  }
};

/** Creates a socket and drops it. */
export const made = (Socket: SocketConstructor, ...args: readonly unknown[]): string | WebSocket => {
  let socket: WebSocket | undefined;
  const error = errorOf(() => {
    socket = Reflect.construct(Socket, args) as WebSocket;
    socket.close();
  });
  return socket ?? error;
};
export const urlOf = (Socket: SocketConstructor, url: unknown): unknown => {
  const socket = made(Socket, url);
  return typeof socket === 'string' ? socket : socket.url.replace(location.host, 'host');
};
export const protocolsError = (Socket: SocketConstructor, protocols: unknown): string => {
  const socket = made(Socket, ECHO, protocols);
  return typeof socket === 'string' ? socket : 'none';
};

export const next = (socket: WebSocket, type: string): Promise<Event> =>
  new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
export const opened = async (Socket: SocketConstructor, url = ECHO, protocols: string[] = []): Promise<WebSocket> => {
  const socket = new Socket(url, protocols);
  await next(socket, 'open');
  return socket;
};
/** Opens a socket, calls `run`, and returns all events up to the close. */
export const ending = async (
  Socket: SocketConstructor,
  run: (socket: WebSocket) => unknown,
  { url = ECHO, early = false } = {},
): Promise<unknown> => {
  const socket = new Socket(url);
  const events: unknown[] = [];
  socket.onerror = () => events.push(['error', socket.readyState]);
  const closed = new Promise<void>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => {
      events.push(['close', code, reason, wasClean, socket.readyState]);
      resolve();
    };
  });
  if (!early) await next(socket, 'open');
  run(socket);
  await closed;
  return events;
};
export const nextData = async (socket: WebSocket): Promise<unknown> => {
  const event = await next(socket, 'message');
  return event instanceof MessageEvent ? (event.data as unknown) : undefined;
};
export const echoed = async (Socket: SocketConstructor, data: string | BufferSource | Blob): Promise<unknown> => {
  const socket = await opened(Socket);
  socket.binaryType = 'arraybuffer';
  socket.send(data);
  const answer = await nextData(socket);
  socket.close();
  return answer instanceof ArrayBuffer ? [...new Uint8Array(answer)] : answer;
};
export const closeError = async (Socket: SocketConstructor, ...args: readonly unknown[]): Promise<string> => {
  const socket = await opened(Socket);
  const error = errorOf(() => Reflect.apply(socket.close.bind(socket), undefined, args));
  socket.close();
  return error;
};
