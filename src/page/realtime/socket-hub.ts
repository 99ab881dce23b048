import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import type { RealtimeFrame } from '../../protocol/bridge/realtime-frames.ts';
import type { SocketBatch } from '../../protocol/bridge/port-frames.ts';

/** What the hub knows of a socket. */
export type HubSocket = {
  /** Requests its connection on a new port. A socket that is closing ends instead. */
  reopen(): void;
  /** `data` is unchecked. */
  message(data: unknown): void;
  frame(frame: SocketFrame): void;
  /** The keeper was closed. */
  abandon(): void;
};

type OfSocket = Extract<RealtimeFrame, { socket: string }>;

/** Any frame about a socket except messages. */
export type SocketFrame = Exclude<OfSocket, { type: 'socket-messages' }>;

/** Messages of one socket (the first item is its id), and the index of the next one to dispatch. */
type QueuedBatch = { batch: SocketBatch; next: number };

/** Limits for one task, so that a page with slow handlers can paint: number of messages, and time (ms). */
const MESSAGES_A_TASK = 256;
const TASK_MS = 8;

/** Posts to the host; `false` if there is no port at the moment. */
export type Post = (message: TabMessage) => boolean;

/** The sockets of a page, by their ids. */
export type SocketHub = {
  post: Post;
  /** The page has a keeper: posts go to its host from now on. */
  connect(post: Post): void;
  add(id: string, peer: HubSocket): void;
  remove(id: string): void;
  /** A new port is open: requests again each socket that was open on the old one. */
  reopen(): void;
  /** All messages that one task brought for a socket, in order. */
  receiveBatch(batch: SocketBatch): void;
  /** One frame of several in a task. */
  receive(frame: RealtimeFrame): void;
  /** Ends all sockets. Later ones connect as ever. */
  abandonAll(): void;
  close(): void;
};

export const createSocketHub = (): SocketHub => {
  let post: Post = () => false;
  const peers = new Map<string, HubSocket>();
  const inbox: (QueuedBatch | SocketFrame)[] = [];
  const turn = new MessageChannel();
  let state: 'idle' | 'in a task' = 'idle';
  /** For the current task: its end, how many messages it has dispatched, and whether it may dispatch more. */
  let until = 0;
  let passed = 0;
  let inTime = true;

  const passRun = (run: QueuedBatch): void => {
    const { batch, next } = run;
    const data = batch[next];
    // Without this reference the garbage collector finds the message while it is young, which is cheap.
    batch[next] = undefined;
    run.next += 1;
    if (run.next >= batch.length) inbox.shift();
    peers.get(batch[0])?.message(data);
  };

  const passFirst = (): void => {
    const first = inbox[0];
    if (first === undefined) return;
    if ('batch' in first) return passRun(first);
    inbox.shift();
    peers.get(first.socket)?.frame(first);
  };

  const endTask = (): void => {
    state = inbox.length > 0 ? 'in a task' : 'idle';
    if (state === 'in a task') turn.port2.postMessage(null);
  };

  const startTask = (): void => {
    until = performance.now() + TASK_MS;
    passed = 0;
  };

  /** Reading the clock costs as much as an event, so the reads become rarer. At worst a task takes twice as long. */
  const createPass = () => (event: Event) => {
    passed += 1;
    if ((passed & (passed - 1)) === 0) inTime = performance.now() < until;
    if (inTime && inbox.length > 0) return passFirst();
    event.stopImmediatePropagation();
    endTask();
  };
  /**
   * Code that awaits one message must be ready for the next, as with a WebSocket. So each message has its own listener:
   * the browser runs microtasks after each one (https://html.spec.whatwg.org/#clean-up-after-running-script).
   */
  turn.port1.addEventListener('message', startTask);
  for (let n = 0; n < MESSAGES_A_TASK; n += 1) turn.port1.addEventListener('message', createPass());
  turn.port1.addEventListener('message', endTask);
  turn.port1.start();

  const abandonAll = (): void => {
    inbox.length = 0;
    for (const peer of [...peers.values()]) peer.abandon();
  };

  return {
    abandonAll,
    post: (message) => post(message),
    connect: (given) => {
      post = given;
    },
    add: (id, peer) => void peers.set(id, peer),
    remove: (id) => void peers.delete(id),
    reopen: () => {
      // Frames of the former host come before requests to the next one.
      while (inbox.length > 0) passFirst();
      for (const peer of [...peers.values()]) peer.reopen();
    },
    receiveBatch: (batch) => {
      if (batch.length < 2) return;
      inbox.push({ batch, next: 1 });
      if (state === 'in a task') return;
      // The first message needs no other task: this one ends when its handler returns.
      passFirst();
      endTask();
    },
    receive: (frame) => {
      if (!('socket' in frame)) return;
      if (frame.type !== 'socket-messages') inbox.push(frame);
      else if (frame.run.data.length > 0) inbox.push({ batch: [frame.socket, ...frame.run.data], next: 1 });
      if (state === 'in a task') return;
      // A single frame needs no other task: this one ends when its handlers return.
      state = 'in a task';
      queueMicrotask(endTask);
      passFirst();
    },
    close: () => {
      post = () => false;
      abandonAll();
    },
  };
};
