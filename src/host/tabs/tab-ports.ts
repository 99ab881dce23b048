import type { TabIntro, PortFrame, PortMessage, TabMessage } from '../../protocol/bridge.ts';
import { parseTabMessage } from '../../protocol/bridge.ts';

export type TabPortsOptions = {
  onMessage(tab: string, message: TabMessage): void;
  /** A tab came, went, or became visible or hidden. */
  onChange(): void;
  onGone(tab: string): void;
};

export type TabPorts = {
  add(intro: TabIntro, port: MessagePort): void;
  remove(tab: string): void;
  has(tab: string): boolean;
  /** In one message, at once: what is to go together is gathered before (outgoing.ts, publisher.ts). */
  send(tab: string, frames: readonly PortFrame[]): void;
  broadcast(frame: PortFrame): void;
  readonly count: number;
  readonly visible: boolean;
};

/** `unread`: what this tab was sent and has not read yet; `asked`: how much of it was, when it was last asked to say so. */
type Tab = {
  port: MessagePort;
  protocol: number;
  visible: boolean;
  unread: number;
  asked: number | undefined;
};

/** What a frame costs besides its data, in bytes: a guess at a small object. */
const FRAME_BYTES = 500;
/** A tab that is sent more than this (bytes) is asked to say when it has read it: in a flood, not for every message. */
const ASK_BEYOND = 1_000_000;
/** What may wait in the port of a tab that does not read, for it is frozen or busy (bytes). */
export const MAX_UNREAD_BYTES = 4_000_000;

/** Each run is a message, and so are the frames between two of them. */
const messagesOf = ({ protocol }: Tab, frames: readonly PortFrame[]): readonly PortMessage[] => {
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

export const createTabPorts = ({ onMessage, onChange, onGone }: TabPortsOptions): TabPorts => {
  const tabs = new Map<string, Tab>();

  const post = (name: string, tab: Tab, frames: readonly PortFrame[]): void => {
    const all = [...frames];
    tab.unread += frames.reduce((sum, frame) => sum + sizeOf(frame), 0);
    if (tab.asked === undefined && tab.unread > ASK_BEYOND) {
      tab.asked = tab.unread;
      all.push({ type: 'read' });
    }
    const over = tab.unread > MAX_UNREAD_BYTES;
    if (over) all.push({ type: 'overrun' });
    for (const message of messagesOf(tab, all)) tab.port.postMessage(message);
    // It comes back with its cursors when it reads again, as a page does that was in the back/forward cache.
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

  const hear = (name: string, tab: Tab, value: unknown): void => {
    const message = parseTabMessage(value);
    if (!message || tabs.get(name) !== tab) return;
    if (message.type === 'bye') return remove(name);
    if (message.type === 'read') {
      tab.unread -= tab.asked ?? 0;
      tab.asked = undefined;
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
      const tab: Tab = { port, protocol, visible, unread: 0, asked: undefined };
      tabs.set(intro.tab, tab);
      port.onmessage = (event) => hear(intro.tab, tab, event.data);
      onChange();
    },
    remove,
    has: (name) => tabs.has(name),
    send(name, frames) {
      const tab = tabs.get(name);
      if (tab) post(name, tab, frames);
    },
    broadcast(frame) {
      for (const [name, tab] of tabs) post(name, tab, [frame]);
    },
    get count() {
      return tabs.size;
    },
    get visible() {
      return [...tabs.values()].some((tab) => tab.visible);
    },
  };
};
