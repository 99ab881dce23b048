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

/** A page whose handlers take long is to paint in between. */
const FRAMES_A_TASK = 16;

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
  const passNext = (): void => {
    const frame = inbox.shift();
    if (frame) pass(frame);
  };
  const passOn = (): void => {
    state = inbox.length > 0 ? 'in a task' : 'idle';
    if (state === 'in a task') turn.port2.postMessage(null);
  };
  /**
   * Whoever awaits one message must be in time for the next, as with a WebSocket. Each frame has a listener of its own
   * for that: a browser runs what was promised after each of them (https://html.spec.whatwg.org/#clean-up-after-running-script).
   */
  for (let n = 0; n < FRAMES_A_TASK; n += 1) turn.port1.addEventListener('message', () => passNext());
  turn.port1.addEventListener('message', passOn);
  turn.port1.start();

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
      if (state === 'in a task') return void inbox.push(frame);
      state = 'in a task';
      turn.port2.postMessage(null);
      pass(frame);
    },
    close: () => {
      inbox.length = 0;
      turn.port1.close();
      for (const peer of [...peers.values()]) peer.abandon();
    },
  };
};
