import { QUEUE_MAX_FRAMES, QUEUE_MAX_SIZE } from '../codecs/tab-sockets.ts';
import { SURVIVED_MS, type Suspects } from '../socket/suspects.ts';

/** An answer that takes longer goes to no tab. Clients wait 5 to 10 s. */
const ANSWERED_WITHIN_MS = 60_000;

/** A message of a tab that is sent once, and its id on the connection. */
export type TabRequest<O, M> = { readonly id: string; readonly owner: O; readonly message: M };

export type TabRequestsOptions<O, M> = {
  suspects: Suspects;
  now(): number;
  nextId(): string;
  send(request: TabRequest<O, M>): void;
  /** Whether the message may go out on this connection already. Default: yes. */
  isReady?(message: M): boolean;
};

/** The tabs' messages that wait for the connection, or for their answer. */
export type TabRequests<O, M> = {
  /** Returns false if too much waits. `size`: characters or bytes. */
  add(owner: O, message: M, size: number): boolean;
  sendWaiting(): void;
  /** The request that this is the answer to. It ends. */
  answered(id: string): TabRequest<O, M> | undefined;
  forget(owner: O): void;
  /** The requests under way. They end: the server may have executed them. */
  closed(): readonly TabRequest<O, M>[];
  /** Forgets requests that get no answer any more. */
  expire(): void;
  clear(): void;
};

export const createTabRequests = <O, M>({
  suspects,
  now,
  nextId,
  send,
  isReady = () => true,
}: TabRequestsOptions<O, M>): TabRequests<O, M> => {
  const requests = new Map<string, TabRequest<O, M> & { size: number; sentAt: number | undefined }>();

  const end = (id: string): void => {
    requests.delete(id);
    suspects.forget(id);
  };

  return {
    add: (owner, message, size) => {
      const waiting = [...requests.values()].filter(({ sentAt }) => sentAt === undefined);
      const isOver = waiting.reduce((sum, each) => sum + each.size, size) > QUEUE_MAX_SIZE;
      if (waiting.length >= QUEUE_MAX_FRAMES || isOver) return false;
      const id = nextId();
      requests.set(id, { id, owner, message, size, sentAt: undefined });
      return true;
    },
    sendWaiting: () => {
      for (const request of requests.values()) {
        const { id, message, sentAt } = request;
        if (sentAt !== undefined || !isReady(message) || !suspects.maySend(id, now())) continue;
        request.sentAt = now();
        suspects.sent(id, now());
        send(request);
      }
    },
    answered: (id) => {
      const request = requests.get(id);
      if (request) end(id);
      return request;
    },
    forget: (owner) => {
      for (const request of requests.values()) if (request.owner === owner) end(request.id);
    },
    closed: () => {
      const lost = [...requests.values()].filter(({ sentAt }) => sentAt !== undefined);
      for (const { id } of lost) end(id);
      return lost;
    },
    expire: () => {
      for (const { id, sentAt } of requests.values()) {
        if (sentAt === undefined || now() - sentAt < SURVIVED_MS) continue;
        suspects.forget(id);
        if (now() - sentAt > ANSWERED_WITHIN_MS) requests.delete(id);
      }
    },
    clear: () => requests.clear(),
  };
};
