import type { TabMessage } from '../protocol/bridge.ts';
import type { RealtimeFrame } from './realtime-frames.ts';

/** What the hub knows of a socket. */
export type Peer = {
  /** Asks for its wire on a new port, or ends, if it was about to. */
  reopen(): void;
  message(data: string | ArrayBuffer): void;
  frame(frame: SocketFrame): void;
  /** The keeper was closed. */
  abandon(): void;
};

type OfSocket = Extract<RealtimeFrame, { socket: string }>;
type Run = Extract<OfSocket, { type: 'socket-messages' }>;
type Told = Exclude<OfSocket, { type: 'socket-message' }>;

/** News of a socket that is no message. */
export type SocketFrame = Exclude<Told, Run>;

/** A page whose handlers take long is to paint in between: so many in a task, and none after so long (ms). */
const MESSAGES_A_TASK = 256;
const TASK_MS = 8;

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

/** A worker of protocol 2 has no runs. */
const toldOf = (frame: OfSocket): Told =>
  frame.type === 'socket-message'
    ? { type: 'socket-messages', socket: frame.socket, run: { data: [frame.data], bytes: 0 } }
    : frame;

export const createSocketHub = (post: Post): SocketHub => {
  const peers = new Map<string, Peer>();
  const inbox: Told[] = [];
  /** How many messages of the run that is first were passed on. */
  let passed = 0;
  const turn = new MessageChannel();
  let state: 'idle' | 'in a task' = 'idle';
  /** When a task that is under way has taken long enough (`performance.now()`). */
  let until = 0;

  const passMessage = ({ socket, run }: Run): void => {
    const data = run.data[passed];
    passed = (passed + 1) % run.data.length;
    if (passed === 0) inbox.shift();
    if (data !== undefined) peers.get(socket)?.message(data);
  };

  const pass = (told: Told): void => {
    if (told.type === 'socket-messages') return passMessage(told);
    inbox.shift();
    peers.get(told.socket)?.frame(told);
  };

  const endTask = (): void => {
    state = inbox.length > 0 ? 'in a task' : 'idle';
    if (state === 'in a task') turn.port2.postMessage(null);
  };

  const passNext = (event: Event): void => {
    const [told] = inbox;
    if (told && performance.now() < until) return pass(told);
    event.stopImmediatePropagation();
    endTask();
  };
  /**
   * Whoever awaits one message must be in time for the next, as with a WebSocket. Each has a listener of its own for
   * that: a browser runs what was promised after each of them (https://html.spec.whatwg.org/#clean-up-after-running-script).
   */
  turn.port1.addEventListener('message', () => (until = performance.now() + TASK_MS));
  for (let n = 0; n < MESSAGES_A_TASK; n += 1) turn.port1.addEventListener('message', (event) => passNext(event));
  turn.port1.addEventListener('message', endTask);
  turn.port1.start();

  return {
    post,
    add: (id, peer) => void peers.set(id, peer),
    remove: (id) => void peers.delete(id),
    reopen: () => {
      // What the former host still said comes before what is asked of the next.
      for (let [told] = inbox; told; [told] = inbox) pass(told);
      for (const peer of [...peers.values()]) peer.reopen();
    },
    receive: (frame) => {
      if (!('socket' in frame)) return;
      const told = toldOf(frame);
      inbox.push(told);
      if (state === 'in a task') return;
      // one that comes alone needs no other task: this ends when the handlers of this one have returned
      state = 'in a task';
      queueMicrotask(endTask);
      pass(told);
    },
    close: () => {
      inbox.length = 0;
      turn.port1.close();
      for (const peer of [...peers.values()]) peer.abandon();
    },
  };
};
