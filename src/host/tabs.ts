import type { Intro, PortFrame, TabMessage } from '../protocol/bridge.ts';
import { parseTabMessage } from '../protocol/bridge.ts';

export type TabsOptions = {
  onMessage(tab: string, message: TabMessage): void;
  /** A tab came, went, or became visible or hidden. */
  onChange(): void;
  onGone(tab: string): void;
};

export type Tabs = {
  add(intro: Intro, port: MessagePort): void;
  remove(tab: string): void;
  has(tab: string): boolean;
  /** To be sent with whatever else this turn of the event loop brings (19,400 messages/s to each of 30 tabs). */
  push(tab: string, frames: readonly PortFrame[]): void;
  pushAll(frame: PortFrame): void;
  readonly count: number;
  readonly visible: boolean;
};

/** `unread`: what this tab was sent and has not read yet; `asked`: how much of it was, when it was last asked to say so. */
type Tab = { port: MessagePort; visible: boolean; outbox: PortFrame[]; unread: number; asked: number | undefined };

/** What a frame costs besides its data, in bytes: a guess at a small object. */
const FRAME_BYTES = 500;
/** A tab that is sent more than this (bytes) is asked to say when it has read it. */
const ASK_BEYOND = 64_000;
/** What may wait in the port of a tab that does not read, for it is frozen or busy (bytes). */
export const UNREAD_MAX = 4_000_000;

/** A page of before this was asked never says so, and is trusted. */
const saysRead = ({ protocol }: Intro): boolean => protocol >= 2;

const sizeOf = (frame: PortFrame): number => {
  if (frame.type === 'event') return frame.bytes;
  if (frame.type === 'here') return frame.members.length * FRAME_BYTES;
  if (frame.type !== 'socket-message') return 0;
  return typeof frame.data === 'string' ? frame.data.length : frame.data.byteLength;
};

export const createTabs = ({ onMessage, onChange, onGone }: TabsOptions): Tabs => {
  const tabs = new Map<string, Tab>();
  const turn = new MessageChannel();
  let scheduled = false;

  const flush = (): void => {
    scheduled = false;
    for (const [name, tab] of tabs) {
      const { outbox, port } = tab;
      if (outbox.length === 0) continue;
      tab.outbox = [];
      tab.unread += outbox.reduce((sum, frame) => sum + sizeOf(frame) + FRAME_BYTES, 0);
      if (tab.asked === undefined && tab.unread > ASK_BEYOND) {
        tab.asked = tab.unread;
        outbox.push({ type: 'read' });
      }
      const over = tab.unread > UNREAD_MAX;
      if (over) outbox.push({ type: 'overrun' });
      port.postMessage(outbox);
      // It comes back with its cursors when it reads again, as a page does that was in the back/forward cache.
      if (over) remove(name);
    }
  };
  turn.port1.onmessage = flush;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    turn.port2.postMessage(null);
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
      const tab: Tab = {
        port,
        visible: intro.visible,
        outbox: [],
        unread: saysRead(intro) ? 0 : -Infinity,
        asked: undefined,
      };
      tabs.set(intro.tab, tab);
      port.onmessage = (event) => hear(intro.tab, tab, event.data);
      onChange();
    },
    remove,
    has: (name) => tabs.has(name),
    push(name, frames) {
      const tab = tabs.get(name);
      if (!tab) return;
      tab.outbox.push(...frames);
      schedule();
    },
    pushAll(frame) {
      for (const tab of tabs.values()) tab.outbox.push(frame);
      schedule();
    },
    get count() {
      return tabs.size;
    },
    get visible() {
      return [...tabs.values()].some((tab) => tab.visible);
    },
  };
};
