import type { TabMessage } from '../../protocol/bridge/bridge.ts';
import type { RealtimeFrame } from '../../protocol/bridge/realtime-frames.ts';
import type { SocketBatch } from '../../protocol/bridge/port-frames.ts';

/** What the hub knows of a socket. */
export type HubSocket = {
  /** Asks for its wire on a new port, or ends, if it was about to. */
  reopen(): void;
  /** `data` is what nobody has looked at yet. */
  message(data: unknown): void;
  frame(frame: SocketFrame): void;
  /** The keeper was closed. */
  abandon(): void;
};

type OfSocket = Extract<RealtimeFrame, { socket: string }>;

/** News of a socket that is no message. */
export type SocketFrame = Exclude<OfSocket, { type: 'socket-messages' }>;

/** What a socket hears (its name is first), and the place of what is to be passed on next. */
type QueuedBatch = { heard: SocketBatch; next: number };

/** A page whose handlers take long is to paint in between: so many in a task, and none after so long (ms). */
const MESSAGES_A_TASK = 256;
const TASK_MS = 8;

/** Posts to the host; `false` if there is no port at the moment. */
export type Post = (message: TabMessage) => boolean;

/** The sockets of a page, by their ids. */
export type SocketHub = {
  readonly post: Post;
  add(id: string, peer: HubSocket): void;
  remove(id: string): void;
  /** A new port: whatever was open on the old one is asked for again. */
  reopen(): void;
  /** What a socket hears, in its order: all that its task has brought. */
  receiveBatch(heard: SocketBatch): void;
  /** One of several frames of a task. */
  receive(frame: RealtimeFrame): void;
  close(): void;
};

export const createSocketHub = (post: Post): SocketHub => {
  const peers = new Map<string, HubSocket>();
  const inbox: (QueuedBatch | SocketFrame)[] = [];
  const turn = new MessageChannel();
  let state: 'idle' | 'in a task' = 'idle';
  /** When a task that is under way has taken long enough, how much it has passed on, and whether it may go on. */
  let until = 0;
  let passed = 0;
  let inTime = true;

  const passRun = (run: QueuedBatch): void => {
    const { heard, next } = run;
    const data = heard[next];
    // what nobody holds is young when it is collected
    heard[next] = undefined;
    run.next += 1;
    if (run.next >= heard.length) inbox.shift();
    peers.get(heard[0])?.message(data);
  };

  const passFirst = (): void => {
    const told = inbox[0];
    if (told === undefined) return;
    if ('heard' in told) return passRun(told);
    inbox.shift();
    peers.get(told.socket)?.frame(told);
  };

  const endTask = (): void => {
    state = inbox.length > 0 ? 'in a task' : 'idle';
    if (state === 'in a task') turn.port2.postMessage(null);
  };

  const startTask = (): void => {
    until = performance.now() + TASK_MS;
    passed = 0;
  };

  /** The clock is looked at ever more rarely, for it costs as much as an event: at worst a task takes twice as long. */
  const createPass = () => (event: Event) => {
    passed += 1;
    if ((passed & (passed - 1)) === 0) inTime = performance.now() < until;
    if (inTime && inbox.length > 0) return passFirst();
    event.stopImmediatePropagation();
    endTask();
  };
  /**
   * Whoever awaits one message must be in time for the next, as with a WebSocket. Each has a listener of its own for
   * that: a browser runs what was promised after each of them (https://html.spec.whatwg.org/#clean-up-after-running-script).
   */
  turn.port1.addEventListener('message', startTask);
  for (let n = 0; n < MESSAGES_A_TASK; n += 1) turn.port1.addEventListener('message', createPass());
  turn.port1.addEventListener('message', endTask);
  turn.port1.start();

  return {
    post,
    add: (id, peer) => void peers.set(id, peer),
    remove: (id) => void peers.delete(id),
    reopen: () => {
      // What the former host still said comes before what is asked of the next.
      while (inbox.length > 0) passFirst();
      for (const peer of [...peers.values()]) peer.reopen();
    },
    receiveBatch: (heard) => {
      if (heard.length < 2) return;
      inbox.push({ heard, next: 1 });
      if (state === 'in a task') return;
      // the first needs no other task: this one ends when its handler has returned
      passFirst();
      endTask();
    },
    receive: (frame) => {
      if (!('socket' in frame)) return;
      if (frame.type !== 'socket-messages') inbox.push(frame);
      else if (frame.run.data.length > 0) inbox.push({ heard: [frame.socket, ...frame.run.data], next: 1 });
      if (state === 'in a task') return;
      // one that comes alone needs no other task: this ends when the handlers of this one have returned
      state = 'in a task';
      queueMicrotask(endTask);
      passFirst();
    },
    close: () => {
      inbox.length = 0;
      turn.port1.close();
      for (const peer of [...peers.values()]) peer.abandon();
    },
  };
};
