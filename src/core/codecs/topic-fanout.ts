import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import { hasRead, missingBefore, type Cursor } from '../../protocol/cursor.ts';

/*
 * One topic for many tabs. Invariant 10: each tab gets each event once and in order. A range that is lost is reported
 * to it as a gap. Each listener's own cursor decides: it drops repeated events and finds skipped ones. So the order in
 * which a server sends `ok`, `gap` and `ev` does not matter.
 *
 * Deterministic, but mutable on purpose. A copy of the ring of 2,000 events for each event and tab would cost more
 * than the rest of the worker.
 */

/** `resuming`: it was live on a lost connection. Its tab is notified only if events are lost. */
type Listener = { state: 'joining'; cursor: Cursor | null } | { state: 'resuming' | 'live'; cursor: Cursor };

type Upstream = { state: 'off' } | { state: 'asked'; request: number; from: Cursor | null } | { state: 'live' };

/** The server's answer to a subscription. `rewound`: the history that was read is not in the server's any more. */
type Subscribed = { from: Cursor | null; at: Cursor; rewound: boolean };

type Event = PortFrame & { type: 'event' };

/** Maximum history for tabs that join later. They need no request to the server. */
export const RING_MAX_EVENTS = 2_000;
export const RING_MAX_BYTES = 1_000_000;

/** `to` = 0 is an unknown number, so at least one. */
const countOf = (from: number, to: number): number => Math.max(1, to - from + 1);

export type TopicPorts = {
  send(tab: string, frame: PortFrame): void;
  /** Subscribes upstream; returns the id of the request. */
  subscribe(from: Cursor | null): number;
  /** At least this number of events is lost. */
  lost(count: number): void;
};

export type Topic = {
  readonly listeners: number;
  join(tab: string, cursor: Cursor | null): void;
  leave(tab: string): void;
  connected(): void;
  disconnected(): void;
  /** The server no longer has the history of the cursors: each listener starts from the current head. */
  abandon(): void;
  /** Another user's session: each listener starts again without a report of a gap. */
  forget(): void;
  onOk(request: number, at: Cursor, resumed: boolean): void;
  /** `bytes` is the size of the frame. Returns whether the event is new to this worker. */
  onEvent(epoch: string, offset: number, data: unknown, bytes: number): boolean;
  onGap(epoch: string, to: number): void;
  /** Two epochs have the same events up to `ended`. A listener beyond it gets a gap with the next `ok` or `ev`. */
  onFork(from: string, epoch: string, ended: number): void;
};

export const createTopic = (name: string, ports: TopicPorts): Topic => {
  const listeners = new Map<string, Listener>();
  let upstream: Upstream = { state: 'off' };
  let linked = false;
  /** The highest event that was read in the current epoch. */
  let head: Cursor | undefined;
  let ring: Event[] = [];
  let ringBytes = 0;

  const jump = (at: Cursor): void => {
    head = { ...at };
    ring = [];
    ringBytes = 0;
  };

  const keep = (event: Event): void => {
    ring.push(event);
    ringBytes += event.bytes;
    while (ring.length > RING_MAX_EVENTS || ringBytes > RING_MAX_BYTES) ringBytes -= ring.shift()?.bytes ?? 0;
  };

  const joined = (tab: string, at: Cursor): void => {
    listeners.set(tab, { state: 'live', cursor: { ...at } });
    ports.send(tab, { type: 'joined', topic: name, at: { ...at } });
  };

  /** `to` is 0 in a new history, where the length of the gap is unknown. Returns the count, at least 1. */
  const gap = (tab: string, epoch: string, from: number, to: number): number => {
    ports.send(tab, { type: 'gap', topic: name, epoch, from, to });
    return countOf(from, to);
  };

  const lose = (tab: string, cursor: Cursor, at: Cursor): number => {
    const count = gap(tab, at.epoch, cursor.offset + 1, 0);
    joined(tab, at);
    return count;
  };

  const goLive = (tab: string, listener: Listener, cursor: Cursor): void => {
    if (listener.state === 'joining') joined(tab, cursor);
    else listeners.set(tab, { state: 'live', cursor: { ...cursor } });
  };

  /** Serves a new listener from the ring if the ring goes back far enough. */
  const serve = (tab: string, { cursor }: Listener, here: Cursor): void => {
    if (cursor === null) return joined(tab, here);
    if (cursor.epoch !== here.epoch) return ports.lost(lose(tab, cursor, here));
    const first = ring[0]?.offset ?? here.offset + 1;
    if (cursor.offset + 1 < first) return;
    joined(tab, cursor);
    const missing = ring.filter(({ offset }) => offset > cursor.offset);
    for (const frame of missing) ports.send(tab, frame);
    if (missing.length > 0) listeners.set(tab, { state: 'live', cursor: { ...here } });
  };

  /** The lowest cursor serves each listener. Of two epochs at most one is the server's, so either can be requested. */
  const lowest = (): Cursor | null => {
    const cursors = [...listeners.values()].flatMap(({ cursor }) => cursor ?? []);
    const epoch = (cursors.find((cursor) => cursor.epoch === head?.epoch) ?? cursors[0])?.epoch;
    const same = cursors.filter((cursor) => cursor.epoch === epoch);
    return same.reduce<Cursor | null>((low, cursor) => (low && low.offset <= cursor.offset ? low : cursor), null);
  };

  const decide = (): void => {
    if (!linked || upstream.state === 'asked') return;
    for (const [tab, listener] of listeners) {
      if (upstream.state === 'live' && head && listener.state === 'joining') serve(tab, listener, head);
    }
    const waiting = [...listeners.values()].filter(({ state }) => state !== 'live');
    if (waiting.length === 0) return;
    // A subscription without a cursor goes first: its answer is the head, which a resumption does not contain.
    const from = upstream.state === 'off' && waiting.some(({ cursor }) => cursor === null) ? null : lowest();
    upstream = { state: 'asked', request: ports.subscribe(from && { ...from }), from: from && { ...from } };
  };

  /** Returns the number of events that this listener lost. */
  const settle = (tab: string, listener: Listener, { from, at, rewound }: Subscribed): number => {
    const { cursor } = listener;
    if (cursor === null) {
      joined(tab, head ?? at);
      return 0;
    }
    if (cursor.epoch !== at.epoch || (rewound && cursor.offset > at.offset)) return lose(tab, cursor, at);
    if (cursor.offset >= at.offset) {
      goLive(tab, listener, cursor);
      return 0;
    }
    const covered = from !== null && from.epoch === at.epoch && from.offset <= cursor.offset;
    if (!covered) return 0;
    const count = gap(tab, at.epoch, cursor.offset + 1, at.offset);
    goLive(tab, listener, at);
    return count;
  };

  const deliver = (tab: string, cursor: Cursor, frame: Event): void => {
    const { epoch, offset } = frame;
    if (cursor.epoch !== epoch) {
      lose(tab, cursor, { epoch, offset: offset - 1 });
      listeners.set(tab, { state: 'live', cursor: { epoch, offset } });
      return ports.send(tab, frame);
    }
    if (hasRead(cursor, epoch, offset)) return;
    const missing = missingBefore(cursor, epoch, offset);
    if (missing) gap(tab, epoch, missing.from, missing.to);
    ports.send(tab, frame);
    cursor.offset = offset;
  };

  return {
    get listeners() {
      return listeners.size;
    },
    join: (tab, cursor) => {
      listeners.set(tab, { state: 'joining', cursor: cursor && { ...cursor } });
      decide();
    },
    leave: (tab) => void listeners.delete(tab),
    connected: () => {
      linked = true;
      decide();
    },
    disconnected: () => {
      linked = false;
      upstream = { state: 'off' };
      for (const [tab, { state, cursor }] of listeners)
        if (state === 'live') listeners.set(tab, { state: 'resuming', cursor });
    },
    abandon: () => {
      for (const [tab, { cursor }] of listeners) {
        if (cursor) ports.lost(gap(tab, cursor.epoch, cursor.offset + 1, 0));
        listeners.set(tab, { state: 'joining', cursor: null });
      }
    },
    forget: () => {
      head = undefined;
      ring = [];
      ringBytes = 0;
      for (const tab of listeners.keys()) listeners.set(tab, { state: 'joining', cursor: null });
    },
    onOk: (request, at, resumed) => {
      if (upstream.state !== 'asked' || upstream.request !== request) return;
      const { from } = upstream;
      upstream = { state: 'live' };
      // A cursor beyond the head of the same epoch: the server lost events. Without a cursor, `at` is the head.
      const rewound = from === null || (!resumed && from.epoch === at.epoch && at.offset < from.offset);
      if (!head || rewound || head.epoch !== at.epoch || head.offset < at.offset) jump(at);
      const losses = [...listeners].map(([tab, listener]) => settle(tab, listener, { from, at, rewound }));
      const most = Math.max(0, ...losses);
      if (most > 0) ports.lost(most);
      decide();
    },
    onEvent: (epoch, offset, data, bytes) => {
      if (!head) return false;
      const frame = { type: 'event', topic: name, epoch, offset, data, bytes } as const;
      for (const [tab, { state, cursor }] of listeners) if (state === 'live') deliver(tab, cursor, frame);
      if (hasRead(head, epoch, offset)) return false;
      const missing = missingBefore(head, epoch, offset);
      if (missing) {
        jump({ epoch, offset });
        ports.lost(countOf(missing.from, missing.to));
      }
      head = { epoch, offset };
      keep(frame);
      return true;
    },
    onFork: (from, epoch, ended) => {
      const moves = (cursor: Cursor | null | undefined): cursor is Cursor =>
        cursor?.epoch === from && cursor.offset <= ended;
      for (const [tab, { cursor }] of listeners) {
        if (!moves(cursor)) continue;
        cursor.epoch = epoch;
        ports.send(tab, { type: 'fork', topic: name, from, epoch, ended });
      }
      if (upstream.state === 'asked' && moves(upstream.from)) upstream.from.epoch = epoch;
      if (!moves(head)) return;
      head.epoch = epoch;
      ring = ring.map((event) => ({ ...event, epoch }));
    },
    onGap: (epoch, to) => {
      // `ok` and `ev` already report what is lost during a subscription or with an epoch.
      if (upstream.state !== 'live' || head?.epoch !== epoch) return;
      for (const [tab, { state, cursor }] of listeners) {
        if (state !== 'live' || cursor.offset >= to) continue;
        gap(tab, epoch, cursor.offset + 1, to);
        listeners.set(tab, { state, cursor: { epoch, offset: to } });
      }
      if (to <= head.offset) return;
      ports.lost(to - head.offset);
      jump({ epoch, offset: to });
    },
  };
};
