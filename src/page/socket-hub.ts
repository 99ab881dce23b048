import type { PortFrame, TabMessage } from '../protocol/bridge.ts';

/** What the hub knows of a socket. */
export type Peer = {
  /** Asks for its wire on a new port, or ends, if it was about to. */
  reopen(): void;
  frame(frame: SocketFrame): void;
  /** The keeper was closed. */
  abandon(): void;
};

export type SocketFrame = Extract<PortFrame, { socket: string }>;

/** Posts to the host; `false` if there is no port at the moment. */
export type Wire = (message: TabMessage, transfer?: Transferable[]) => boolean;

export type SocketHub = {
  add(id: string, peer: Peer): void;
  remove(id: string): void;
  readonly post: Wire;
  /** From now on messages go this way; the sockets that were made before it existed are opened. */
  connect(wire: Wire): void;
  /** A new port: whatever was open on the old one is asked for again. */
  reopen(): void;
  receive(frame: PortFrame): void;
  /** Ends all sockets, unless another keeper has taken them over. */
  disconnect(wire: Wire): void;
};

export const createSocketHub = (): SocketHub => {
  const peers = new Map<string, Peer>();
  let wire: Wire | undefined;
  const reopen = () => {
    for (const peer of [...peers.values()]) peer.reopen();
  };
  return {
    add: (id, peer) => void peers.set(id, peer),
    remove: (id) => void peers.delete(id),
    post: (message, transfer) => wire?.(message, transfer) ?? false,
    connect: (next) => {
      wire = next;
      reopen();
    },
    reopen,
    receive: (frame) => {
      if ('socket' in frame) peers.get(frame.socket)?.frame(frame);
    },
    disconnect: (last) => {
      if (wire !== last) return;
      wire = undefined;
      for (const peer of [...peers.values()]) peer.abandon();
    },
  };
};

/** One worker, one document, one hub: libraries make their sockets by `new` and can hand nothing over. */
export const socketHub: SocketHub = createSocketHub();
