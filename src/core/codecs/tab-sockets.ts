import { CLOSE_CODE } from '../../protocol/frames.ts';
import type { Backlog, CodecEvent, Frame, Put, SocketAddress } from './codec.ts';

/** RFC 6455 §7.4.1: a close frame without a code. */
const NO_STATUS = 1005;

/** Maximum queue while there is no connection: frames, and characters or bytes. A socket that sends more is closed. */
export const QUEUE_MAX_FRAMES = 256;
export const QUEUE_MAX_SIZE = 256_000;
/** Maximum that waits in an open connection's buffer. It is far above the bursts that a native socket accepts. */
const LINK_MAX_FRAMES = 65_536;
const LINK_MAX_BYTES = 16_777_216;

export const frameSize = (data: Frame): number => (typeof data === 'string' ? data.length : data.byteLength);

export type TabSocket = SocketAddress & { state: 'waiting' | 'open' };

/** The close reason of a socket whose page sends more than these limits. */
export const OVER_LIMIT = 'over-limit';

/** An empty buffer accepts one frame of any size: the server decides how long a frame may be. */
const isOver = (data: Frame, unsent: Backlog = { frames: 0, bytes: 0 }): boolean =>
  unsent.frames >= LINK_MAX_FRAMES || (unsent.bytes > 0 && unsent.bytes + frameSize(data) > LINK_MAX_BYTES);

/** The tabs' sockets at one shared upstream. `S` is the state that a protocol adds to each. */
export type TabSockets<S> = {
  readonly size: number;
  all(): readonly (TabSocket & S)[];
  of(address: SocketAddress): (TabSocket & S) | undefined;
  /** Replaces an earlier socket with the same address. */
  add(address: SocketAddress, own: S): TabSocket & S;
  /** `protocol` is the subprotocol that the page's socket reports. */
  admit(entry: TabSocket, protocol?: string): void;
  send(entry: TabSocket, data: Frame): void;
  /** To all that are open. */
  broadcast(data: Frame): void;
  /** `token` is what another worker needs to continue this socket. Its JSON is the page's `memo`. */
  sendResumeToken(entry: TabSocket, token: unknown): void;
  /** Frames may be missing: the page's socket gets a `gap` event. */
  reportGap(entry: TabSocket): void;
  close(entry: TabSocket, code: number, reason: string, wasClean?: boolean): void;
  closeAll(code: number, reason: string, wasClean?: boolean): void;
  /** Handles the tabs' events and ignores others. */
  handle(event: CodecEvent): void;
};

/** A protocol's handlers for the tabs' events. */
export type TabSocketHandlers<S> = {
  open(event: CodecEvent & { type: 'socket-open' }): void;
  send(entry: TabSocket & S, data: Frame): void;
  /** The socket closes or its tab leaves. It is removed after this call. */
  leave?(entry: TabSocket & S): void;
};

export const createTabSockets = <S extends object>(
  put: Put,
  { open, send, leave }: TabSocketHandlers<S>,
): TabSockets<S> => {
  const sockets = new Map<string, TabSocket & S>();
  /** Cache of the open sockets. */
  let audience: readonly SocketAddress[] | undefined;
  const keyOf = ({ tab, socket }: SocketAddress): string => `${tab} ${socket}`;

  const drop = (entry: TabSocket): void => {
    sockets.delete(keyOf(entry));
    audience = undefined;
  };

  const close = (entry: TabSocket, code: number, reason: string, wasClean = false): void => {
    const { tab, socket } = entry;
    drop(entry);
    put({ type: 'toTab', tab, frame: { type: 'socket-closed', socket, code, reason, wasClean } });
  };

  const handle = (event: CodecEvent): void => {
    if (event.type === 'socket-open') return open(event);
    if (event.type === 'tab-left') {
      for (const entry of [...sockets.values()]) {
        if (entry.tab !== event.tab) continue;
        leave?.(entry);
        drop(entry);
      }
    }
    if (event.type !== 'socket-send' && event.type !== 'socket-close') return;
    const entry = sockets.get(keyOf(event));
    if (!entry) return;
    if (event.type === 'socket-send' && !isOver(event.data, event.unsent)) return send(entry, event.data);
    leave?.(entry);
    if (event.type === 'socket-send') return close(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    close(entry, event.code ?? NO_STATUS, event.reason, true);
  };

  return {
    get size() {
      return sockets.size;
    },
    all: () => [...sockets.values()],
    of: (address) => sockets.get(keyOf(address)),
    add: ({ tab, socket }, own) => {
      const entry: TabSocket & S = { tab, socket, state: 'waiting', ...own };
      sockets.set(keyOf(entry), entry);
      audience = undefined;
      return entry;
    },
    admit: (entry, protocol = '') => {
      entry.state = 'open';
      audience = undefined;
      put({ type: 'toTab', tab: entry.tab, frame: { type: 'socket-opened', socket: entry.socket, protocol } });
    },
    send: ({ tab, socket }, data) => put({ type: 'toTab', tab, frame: { type: 'socket-message', socket, data } }),
    broadcast: (data) => {
      audience ??= [...sockets.values()].filter(({ state }) => state === 'open');
      put({ type: 'broadcast', to: audience, data });
    },
    sendResumeToken: ({ tab, socket }, token) =>
      put({ type: 'toTab', tab, frame: { type: 'socket-memo', socket, memo: JSON.stringify(token) } }),
    reportGap: ({ tab, socket }) => put({ type: 'toTab', tab, frame: { type: 'socket-gap', socket } }),
    close,
    closeAll: (code, reason, wasClean) => {
      for (const entry of [...sockets.values()]) close(entry, code, reason, wasClean);
    },
    handle,
  };
};
