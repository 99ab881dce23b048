import { frameSize } from './tab-sockets.ts';
import { packetFrames, type Packet } from './socket-io-packet.ts';

/** Maximum of all tabs' emits that wait for a connection or an acknowledgement: packets, and characters or bytes. */
const MAX_WAITING = 1_024;
const MAX_SIZE = 1_000_000;

/** `id` is the tab's own id of the acknowledgement. */
type Waiting<O> = { owner: O; id: string | undefined; packet: Packet; size: number };

/** The tabs' emits, with ids of the shared connection. */
export type Outgoing<O> = {
  /** Returns the packet to send, now (`isUp`) or by `flush`. `undefined` if the queue is full. */
  add(owner: O, packet: Packet, isUp: boolean): Packet | undefined;
  /** The packets that a new connection sends, in order. Those with an acknowledgement stay until it arrives. */
  flush(namespace: string): readonly Packet[];
  settle(key: number): Waiting<O> | undefined;
  waitingOf(owner: O): readonly Waiting<O>[];
  drop(owner: O, namespace: string): void;
  clear(): void;
};

export const createOutgoing = <O>(): Outgoing<O> => {
  const waiting = new Map<number, Waiting<O>>();
  let size = 0;
  let lastKey = 0;

  const remove = (key: number): Waiting<O> | undefined => {
    const found = waiting.get(key);
    waiting.delete(key);
    size -= found?.size ?? 0;
    return found;
  };

  return {
    add: (owner, packet, isUp) => {
      const { id } = packet;
      const key = ++lastKey;
      const numbered = id === undefined ? packet : { ...packet, id: String(key) };
      if (isUp && id === undefined) return numbered;
      const own = packetFrames(numbered).reduce((sum, frame) => sum + frameSize(frame), 0);
      if (waiting.size >= MAX_WAITING || size + own > MAX_SIZE) return undefined;
      size += own;
      waiting.set(key, { owner, id, packet: numbered, size: own });
      return numbered;
    },
    flush: (namespace) => {
      const due = [...waiting].filter(([, { packet }]) => packet.namespace === namespace);
      for (const [key, { id }] of due) if (id === undefined) remove(key);
      return due.map(([, { packet }]) => packet);
    },
    settle: remove,
    waitingOf: (owner) => [...waiting.values()].filter((each) => each.owner === owner && each.id !== undefined),
    drop: (owner, namespace) => {
      for (const [key, each] of waiting) if (each.owner === owner && each.packet.namespace === namespace) remove(key);
    },
    clear: () => {
      waiting.clear();
      size = 0;
    },
  };
};
