import type { Realtime, SocketRequest } from './realtime/realtime.ts';
import type { SocketClass } from './types/types.ts';

/** The browser's own class, before a page replaces it (`installGlobal`). */
export const NativeSocket = globalThis.WebSocket;

let realtime: typeof import('./realtime/realtime.ts') | undefined;

export const loadRealtime = async () => (realtime ??= await import('./realtime/realtime.ts'));

/** Where sockets come from. `coming`: they wait for `connect()`. */
type SocketSource = { state: 'none' } | { state: 'coming' } | { state: 'there'; socket: Realtime['socket'] };

let source: SocketSource = { state: 'none' };

/** For `connect()`, which knows when the keeper opens, is there, and closes. */
export const setSocketSource = (next: SocketSource): void => {
  source = next;
};

const createEarlySocket = (request: SocketRequest): WebSocket => {
  const isComing = source.state === 'coming' || Object.is(globalThis.WebSocket, KeeperSocket);
  if (!realtime || !isComing) throw new DOMException('connect() or installGlobal() first', 'InvalidStateError');
  return realtime.createEarlySocket(KeeperSocket, request);
};

/**
 * The class of `keeper.socket(url)`, for libraries that create their sockets themselves (`webSocketImpl` and similar).
 * Throws an `InvalidStateError` before `connect()` or `installGlobal()` has resolved, otherwise what `new WebSocket` throws
 * (https://websockets.spec.whatwg.org/#dom-websocket-websocket). Differences: docs/reference/keeper-socket.md.
 *
 * @example
 * import { createClient } from 'graphql-ws';
 * import { KeeperSocket } from 'session-keeper';
 * const client = createClient({ url: '/api/graphql', webSocketImpl: KeeperSocket });
 */
export const KeeperSocket = class KeeperSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  constructor(url: string | URL, protocols: string | string[] = []) {
    if (arguments.length === 0) throw new TypeError('new KeeperSocket(url)');
    const target = new.target as unknown as SocketClass;
    // a constructor that gives an object gives it to `new`
    if (source.state === 'there') return source.socket(url, protocols, target);
    return createEarlySocket({ url, protocols, target });
  }
} as unknown as SocketClass;

/**
 * Makes `KeeperSocket` the page's `WebSocket`, for libraries that take no class. Sockets that they create before
 * `connect()` wait for it. Resolves, when the class is in place, with a function that puts the browser's own back.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { installGlobal } from 'session-keeper/socket';
 * const uninstall = await installGlobal();
 * await connect();
 */
export const installGlobal = async (): Promise<() => void> => {
  const { prepare } = await loadRealtime();
  prepare(KeeperSocket);
  Object.assign(globalThis, { WebSocket: KeeperSocket });
  return () => {
    globalThis.WebSocket = NativeSocket;
  };
};
