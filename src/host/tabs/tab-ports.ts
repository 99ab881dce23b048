import type { TabIntro } from '../../protocol/bridge/bridge.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import type { PortFrame, PortMessage } from '../../protocol/bridge/port-frames.ts';
import { parseTabMessage } from '../../protocol/bridge/tab-messages.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { Clock } from '../runtime/clock.ts';

export type TabPortsOptions = {
  clock: Clock;
  onMessage(tab: string, message: TabMessage): void;
  /** A tab came or left, or its visibility changed. */
  onChange(): void;
  onGone(tab: string): void;
};

export type TabPorts = {
  add(intro: TabIntro, port: MessagePort): void;
  /** The page goes away. What it says on its way still counts. */
  leave(tab: string): void;
  has(tab: string): boolean;
  /** Posts the frames at once. Callers batch them before (tab-batcher.ts). */
  send(tab: string, frames: readonly PortFrame[]): void;
  broadcast(frame: PortFrame): void;
  readonly count: number;
  readonly visible: boolean;
};

type Tab = {
  port: MessagePort;
  protocol: number;
  visible: boolean;
  /** The page goes away. It may still say something, and gets nothing more. */
  leaving: boolean;
  /** Bytes that the port has and that the tab has not read, as far as this side knows. */
  unread: number;
  /** `unread` when the tab got the `read` frame that it has not answered yet. */
  awaitingRead: number | undefined;
};

/**
 * How long (ms) a port stays open after the page's `bye`. The page's own handlers of `pagehide` and `visibilitychange` run
 * after ours, and a socket delivers what they send.
 */
export const LINGER_MS = 250;
/** Estimated cost of a frame in bytes, besides its data. */
const FRAME_BYTES = 500;
/** Above this many unread bytes a tab gets a `read` frame, which it sends back when it comes to it. */
const READ_CHECK_BYTES = 1_000_000;
/** A frozen or busy tab does not read its port. At this many unread bytes the port closes. */
export const MAX_UNREAD_BYTES = 4_000_000;

/** Older pages know no `sign-in-required`, and would take it for a session without trouble. */
const forProtocol4 = (frame: PortFrame): PortFrame => {
  if (frame.type !== 'snapshot' && frame.type !== 'welcome') return frame;
  const { session } = frame.snapshot;
  if (session.state !== 'sign-in-required') return frame;
  return { ...frame, snapshot: { ...frame.snapshot, session: { ...session, state: 'degraded' } } };
};

/** Since protocol 4 each run of socket messages is a port message of its own. The frames between two runs are one. */
const messagesOf = ({ protocol }: Tab, given: readonly PortFrame[]): readonly PortMessage[] => {
  const frames = protocol < 5 ? given.map(forProtocol4) : given;
  if (protocol < 4) return [frames];
  const messages: PortMessage[] = [];
  let others: PortFrame[] | undefined;
  for (const frame of frames) {
    if (frame.type === 'socket-messages') {
      others = undefined;
      messages.push([frame.socket, ...frame.run.data]);
    } else if (others) others.push(frame);
    else messages.push((others = [frame]));
  }
  return messages;
};

const sizeOf = (frame: PortFrame): number => {
  if (frame.type === 'event') return FRAME_BYTES + frame.bytes;
  if (frame.type === 'socket-messages') return FRAME_BYTES * frame.run.data.length + frame.run.bytes;
  return frame.type === 'here' ? FRAME_BYTES * (1 + frame.members.length) : FRAME_BYTES;
};

export const createTabPorts = ({ clock, onMessage, onChange, onGone }: TabPortsOptions): TabPorts => {
  const tabs = new Map<string, Tab>();

  const post = (name: string, tab: Tab, frames: readonly PortFrame[]): void => {
    if (tab.leaving) return;
    const all = [...frames];
    tab.unread += frames.reduce((sum, frame) => sum + sizeOf(frame), 0);
    if (tab.awaitingRead === undefined && tab.unread > READ_CHECK_BYTES) {
      tab.awaitingRead = tab.unread;
      all.push({ type: 'read' });
    }
    const over = tab.unread > MAX_UNREAD_BYTES;
    if (over) all.push({ type: 'overrun' });
    for (const message of messagesOf(tab, all)) tab.port.postMessage(message);
    // When the tab reads again it attaches with its cursors, like a page from the back/forward cache.
    if (over) remove(name);
  };

  const remove = (name: string): void => {
    const tab = tabs.get(name);
    if (!tab) return;
    tabs.delete(name);
    tab.port.close();
    onGone(name);
    onChange();
  };

  const leave = (name: string): void => {
    const tab = tabs.get(name);
    if (!tab || tab.leaving) return;
    Object.assign(tab, { leaving: true, visible: false });
    clock.schedule(clock.now() + LINGER_MS, () => tabs.get(name) === tab && remove(name));
    onChange();
  };

  const receive = (name: string, tab: Tab, value: unknown): void => {
    const message = parseTabMessage(value);
    if (!message || tabs.get(name) !== tab) return;
    if (message.type === 'bye') return leave(name);
    if (message.type === 'read') {
      tab.unread -= tab.awaitingRead ?? 0;
      tab.awaitingRead = undefined;
      return;
    }
    if (message.type === 'visible') {
      tab.visible = message.visible;
      return onChange();
    }
    onMessage(name, message);
  };

  return {
    add(intro, port) {
      tabs.get(intro.tab)?.port.close();
      const { protocol, visible } = intro;
      const tab: Tab = { port, protocol, visible, leaving: false, unread: 0, awaitingRead: undefined };
      tabs.set(intro.tab, tab);
      port.onmessage = (event) => receive(intro.tab, tab, event.data);
      onChange();
    },
    leave,
    has: (name) => tabs.has(name),
    send(name, frames) {
      const tab = tabs.get(name);
      if (tab) post(name, tab, frames);
    },
    broadcast(frame) {
      for (const [name, tab] of tabs) post(name, tab, [frame]);
    },
    get count() {
      return [...tabs.values()].filter(({ leaving }) => !leaving).length;
    },
    get visible() {
      return [...tabs.values()].some((tab) => tab.visible);
    },
  };
};

/** Sends the snapshot to all tabs when it has changed: a state with `now`, a counter with `soon`. */
export type SnapshotPublisher = { now(): void; soon(): void };

const COUNTERS_INTERVAL_MS = 250;

export const createSnapshotPublisher = (
  clock: Clock,
  take: () => Snapshot,
  broadcast: TabPorts['broadcast'],
): SnapshotPublisher => {
  let last = '';
  let cancel: (() => void) | undefined;
  const now = (): void => {
    cancel?.();
    cancel = undefined;
    const snapshot = take();
    const text = JSON.stringify(snapshot);
    if (text === last) return;
    last = text;
    broadcast({ type: 'snapshot', snapshot });
  };
  return { now, soon: () => (cancel ??= clock.schedule(clock.now() + COUNTERS_INTERVAL_MS, now)) };
};
