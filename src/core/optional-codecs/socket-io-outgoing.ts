import { createRecentSenders } from '../socket/recent-senders.ts';
import { createSuspects } from '../socket/suspects.ts';
import { CONNECT, controlPacket, packetFrames, type Packet } from './socket-io-packet.ts';
import { credentialsOf, type Membership } from './socket-io-resume-token.ts';
import { frameSize } from '../codecs/tab-sockets.ts';

/** Maximum of all tabs' emits that wait for a connection or an acknowledgement: packets, and characters or bytes. */
const MAX_WAITING = 1_024;
const MAX_SIZE = 1_000_000;

/** `id` is the tab's own id of the acknowledgement. `isSent`: on the current connection. */
type Waiting<O> = { owner: O; id: string | undefined; packet: Packet; size: number; isSent: boolean };

/** Whose message made the server close the connection. */
export type Blame<O> = { type: 'none' } | { type: 'owner'; owner: O } | { type: 'namespace'; namespace: string };

export type OutgoingOptions = {
  memberships: ReadonlyMap<string, Membership>;
  send(packet: Packet): void;
  now(): number;
};

/**
 * The tabs' CONNECTs and emits, with ids of the shared connection. What is sent again after a lost connection may be why
 * the server closed it (suspects.ts). Emits without an acknowledgement are sent once.
 */
export type Outgoing<O> = {
  opened(): void;
  connect(namespace: string): void;
  /** Returns `false` if the queue is full. */
  emit(owner: O, packet: Packet): boolean;
  /** The server confirmed the namespace. */
  joined(namespace: string): void;
  /** Returns whether the server knows of the namespace on this connection. */
  forgetNamespace(namespace: string): boolean;
  /** The server acknowledged an emit. */
  settle(key: number): Waiting<O> | undefined;
  /** Those that wait for an acknowledgement. */
  waitingOf(owner: O): readonly Waiting<O>[];
  leave(owner: O, namespace: string): void;
  forget(owner: O): void;
  /** Sends what waits for a suspect. */
  sendWaiting(): void;
  closed(code: number, isLocal: boolean): Blame<O>;
  wakeAt(): number | undefined;
  clear(): void;
};

const sizeOf = (packet: Packet): number => packetFrames(packet).reduce((sum, frame) => sum + frameSize(frame), 0);

export const createOutgoing = <O>({ memberships, send, now }: OutgoingOptions): Outgoing<O> => {
  const waiting = new Map<number, Waiting<O>>();
  /** By `join` and a namespace, or `emit` and its key. */
  const suspects = createSuspects();
  const senders = createRecentSenders<O>();
  /** Namespaces whose CONNECT is not sent on this connection yet. */
  const unjoined = new Set<string>();
  let isOpen = false;
  let size = 0;
  let lastKey = 0;

  const remove = (key: number): Waiting<O> | undefined => {
    const found = waiting.get(key);
    waiting.delete(key);
    suspects.forget(`emit ${key}`);
    size -= found?.size ?? 0;
    return found;
  };

  const isUp = (namespace: string): boolean => isOpen && memberships.get(namespace)?.state === 'joined';

  const sendEmit = (key: number, emit: Waiting<O>): boolean => {
    const { id, owner, packet } = emit;
    const name = id === undefined ? 'emit' : `emit ${key}`;
    if (!suspects.maySend(name, now())) return false;
    if (id === undefined) {
      remove(key);
      suspects.forget(name);
      senders.sent(owner, emit.size, now());
    } else {
      emit.isSent = true;
      suspects.sent(name, now());
    }
    send(packet);
    return true;
  };

  /** In order: a suspect among them holds back the later ones of its namespace. */
  const flush = (namespace: string): void => {
    for (const [key, emit] of waiting)
      if (!emit.isSent && emit.packet.namespace === namespace && !sendEmit(key, emit)) return;
  };

  const sendOn = (): void => {
    if (!isOpen) return;
    for (const namespace of unjoined) {
      const membership = memberships.get(namespace);
      if (membership && !suspects.maySend(`join ${namespace}`, now())) continue;
      unjoined.delete(namespace);
      if (!membership) continue;
      suspects.sent(`join ${namespace}`, now());
      send(controlPacket(CONNECT, namespace, credentialsOf(membership)));
    }
    for (const namespace of memberships.keys()) if (isUp(namespace)) flush(namespace);
  };

  const sendWaiting = (): void => {
    if (suspects.isBusy) sendOn();
  };

  const settle = (key: number): Waiting<O> | undefined => {
    const found = remove(key);
    sendWaiting();
    return found;
  };

  const blame = (guilty: string | undefined, code: number): Blame<O> => {
    const [kind, name] = [guilty?.slice(0, 4), guilty?.slice(5) ?? ''];
    if (kind === 'join') return { type: 'namespace', namespace: name };
    const owner = kind === 'emit' ? remove(Number(name))?.owner : senders.blamed(code, now());
    return owner ? { type: 'owner', owner } : { type: 'none' };
  };

  return {
    opened: () => {
      isOpen = true;
    },
    connect: (namespace) => {
      unjoined.add(namespace);
      sendOn();
    },
    emit: (owner, packet) => {
      const { id, namespace } = packet;
      const own = sizeOf(packet);
      if (isUp(namespace) && id === undefined && !suspects.isBusy) {
        senders.sent(owner, own, now());
        send(packet);
        return true;
      }
      if (waiting.size >= MAX_WAITING || size + own > MAX_SIZE) return false;
      const key = ++lastKey;
      size += own;
      const numbered = id === undefined ? packet : { ...packet, id: String(key) };
      waiting.set(key, { owner, id, packet: numbered, size: own, isSent: false });
      if (isUp(namespace)) flush(namespace);
      return true;
    },
    joined: (namespace) => {
      suspects.answered(`join ${namespace}`);
      sendOn();
    },
    forgetNamespace: (namespace) => {
      suspects.forget(`join ${namespace}`);
      return isOpen && !unjoined.delete(namespace);
    },
    settle,
    waitingOf: (owner) => [...waiting.values()].filter((each) => each.owner === owner && each.id !== undefined),
    leave: (owner, namespace) => {
      for (const [key, each] of waiting) if (each.owner === owner && each.packet.namespace === namespace) remove(key);
    },
    forget: senders.forget,
    sendWaiting,
    closed: (code, isLocal) => {
      isOpen = false;
      unjoined.clear();
      for (const each of waiting.values()) each.isSent = false;
      const { guilty } = suspects.closed(code, isLocal, now());
      return isLocal ? { type: 'none' } : blame(guilty, code);
    },
    wakeAt: suspects.wakeAt,
    clear: () => {
      waiting.clear();
      suspects.clear();
      size = 0;
    },
  };
};
