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
  const inbox: SocketFrame[] = [];
  const turn = new MessageChannel();
  let state: 'idle' | 'in a task' = 'idle';

  const pass = (frame: SocketFrame): void => peers.get(frame.socket)?.frame(frame);
  /** Each in a task of its own, as from a WebSocket: whoever awaits one message must be in time for the next. */
  const take = (frame: SocketFrame | undefined): void => {
    state = frame ? 'in a task' : 'idle';
    if (!frame) return;
    turn.port2.postMessage(null);
    pass(frame);
  };
  turn.port1.onmessage = () => take(inbox.shift());

  return {
    post,
    add: (id, peer) => void peers.set(id, peer),
    remove: (id) => void peers.delete(id),
    reopen: () => {
      // What the former host still said comes before what is asked of the next.
      inbox.splice(0).forEach(pass);
      for (const peer of [...peers.values()]) peer.reopen();
    },
    receive: (frame) => {
      if (!('socket' in frame)) return;
      if (state === 'idle') take(frame);
      else inbox.push(frame);
    },
    close: () => {
      inbox.length = 0;
      turn.port1.close();
      for (const peer of [...peers.values()]) peer.abandon();
    },
  };
};
