import { createSuspects } from './suspects.ts';

/**
 * Maximum bytes of publications without an acknowledgement. More of them wait here instead of in the socket's buffer,
 * where a probe or a renewed authorization would have to wait behind them.
 */
const WINDOW_BYTES = 65_536;

export type QueryKind = 'sub' | 'who';

/** What the server closed the connection on. */
export type Guilty = { kind: QueryKind | 'pub'; name: string };

/**
 * The frames of `keeper.1` that a client sends again on each connection, until the server answers them: subscriptions,
 * presences (by topic) and publications (by id). What the server closes on is found and taken out (suspects.ts).
 */
export type OutgoingFrames = {
  /** Replaces an earlier one of the same kind and topic. */
  query(kind: QueryKind, topic: string, frame: string): void;
  publish(id: string, frame: string, bytes: number): void;
  answered(kind: QueryKind, topic: string): void;
  settled(id: string): void;
  /** Returns whether the server knows of the subscription, as far as this side knows. */
  forgetTopic(topic: string): boolean;
  sendOn(): void;
  closed(code: number, isLocal: boolean): Guilty | undefined;
  wakeAt(): number | undefined;
  clear(): void;
};

export type OutgoingFramesOptions = {
  send(frame: string): void;
  /** Whether the server has greeted this connection. */
  isUp(): boolean;
  now(): number;
};

export const createOutgoingFrames = ({ send, isUp, now }: OutgoingFramesOptions): OutgoingFrames => {
  const suspects = createSuspects();
  /** Those that are not sent yet. */
  const queries = new Map<string, string>();
  let waiting: { id: string; frame: string; bytes: number }[] = [];
  /** The sizes of the publications that have no acknowledgement yet. */
  const unanswered = new Map<string, number>();

  /** Subscriptions go first: a publication on which the server closes must not make the tabs deaf. */
  const sendQueries = (): void => {
    for (const [key, frame] of queries) {
      if (!suspects.maySend(key, now())) continue;
      queries.delete(key);
      suspects.sent(key, now());
      send(frame);
    }
  };

  /** In the order of publication: a suspect among them holds back the later ones until the server has answered it. */
  const sendOn = (): void => {
    if (!isUp()) return;
    sendQueries();
    let underway = [...unanswered.values()].reduce((sum, bytes) => sum + bytes, 0);
    while (waiting[0] && (underway === 0 || underway + waiting[0].bytes <= WINDOW_BYTES)) {
      const { id, frame, bytes } = waiting[0];
      const key = `pub ${id}`;
      if (!suspects.maySend(key, now())) return;
      waiting.shift();
      unanswered.set(id, bytes);
      suspects.sent(key, now());
      underway += bytes;
      send(frame);
    }
  };

  return {
    query: (kind, topic, frame) => {
      queries.set(`${kind} ${topic}`, frame);
      sendOn();
    },
    publish: (id, frame, bytes) => {
      waiting.push({ id, frame, bytes });
      sendOn();
    },
    answered: (kind, topic) => {
      suspects.answered(`${kind} ${topic}`);
      sendOn();
    },
    settled: (id) => {
      unanswered.delete(id);
      suspects.forget(`pub ${id}`);
      sendOn();
    },
    forgetTopic: (topic) => {
      const wasSent = isUp() && !queries.has(`sub ${topic}`);
      for (const key of [`sub ${topic}`, `who ${topic}`]) {
        queries.delete(key);
        suspects.forget(key);
      }
      return wasSent;
    },
    sendOn,
    closed: (code, isLocal) => {
      waiting = [];
      unanswered.clear();
      queries.clear();
      const { guilty } = suspects.closed(code, isLocal, now());
      return guilty === undefined ? undefined : { kind: guilty.slice(0, 3) as Guilty['kind'], name: guilty.slice(4) };
    },
    wakeAt: suspects.wakeAt,
    clear: suspects.clear,
  };
};
