import type { TabMessage } from '../protocol/bridge.ts';
import type { RealtimeFrame } from './realtime-frames.ts';

/** What the hub knows of a socket. */
export type Peer = {
  /** Asks for its wire on a new port, or ends, if it was about to. */
  reopen(): void;
  frame(frame: SocketFrame): void;
  /** The keeper was closed. */
  abandon(): void;
};

export type SocketFrame = Extract<RealtimeFrame, { socket: string }>;

/** Posts to the host; `false` if there is no port at the moment. */
export type Post = (message: TabMessage) => boolean;

/** The sockets of a page, by their ids. */
export type SocketHub = {
  readonly post: Post;
  add(id: string, peer: Peer): void;
  remove(id: string): void;
  /** A new port: whatever was open on the old one is asked for again. */
  reopen(): void;
  receive(frame: RealtimeFrame): void;
  close(): void;
};

export const createSocketHub = (post: Post): SocketHub => {
  const peers = new Map<string, Peer>();
  return {
    post,
    add: (id, peer) => void peers.set(id, peer),
    remove: (id) => void peers.delete(id),
    reopen: () => {
      for (const peer of [...peers.values()]) peer.reopen();
    },
    receive: (frame) => {
      if ('socket' in frame) peers.get(frame.socket)?.frame(frame);
    },
    close: () => {
      for (const peer of [...peers.values()]) peer.abandon();
    },
  };
};
