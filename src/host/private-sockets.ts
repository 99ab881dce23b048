import type { PortFrame, TabMessage } from '../protocol/bridge.ts';
import { openLink, type Link, type WebSocketMaker } from './link.ts';
import { socketUrl } from './ticket.ts';

type SocketMessage = Extract<TabMessage, { socket: string }>;

/** URLs that the configuration does not name: one upstream for each tab's socket, closes pass through. */
export type PrivateSockets = {
  /** Whether this tab has a private socket of that name, or has one now. */
  take(tab: string, message: SocketMessage): boolean;
  tabLeft(tab: string): void;
};

export type PrivateSocketsOptions = {
  origin: string;
  WebSocket: WebSocketMaker;
  tell(tab: string, frame: PortFrame): void;
};

const GOING_AWAY = 1001;
const ABNORMAL = 1006;

type Entry = { tab: string; link: Link; is: 'dialling' } | { tab: string; link: Link; is: 'open'; protocol: string };

export const createPrivateSockets = ({ origin, WebSocket, tell }: PrivateSocketsOptions): PrivateSockets => {
  const entries = new Map<string, Entry>();

  const dial = (
    tab: string,
    key: string,
    { socket, url, protocols }: SocketMessage & { type: 'socket-open' },
  ): void => {
    const closed = (code: number, reason: string, wasClean: boolean): void => {
      entries.delete(key);
      tell(tab, { type: 'socket-closed', socket, code, reason, wasClean });
    };
    let target: URL;
    try {
      target = socketUrl(url, origin);
    } catch {
      return closed(ABNORMAL, '', false);
    }
    const link = openLink({
      WebSocket,
      url: target.href,
      protocols,
      opened: (protocol) => {
        entries.set(key, { tab, link, is: 'open', protocol });
        tell(tab, { type: 'socket-opened', socket, protocol });
      },
      received: (data) => tell(tab, { type: 'socket-message', socket, data }),
      closed,
    });
    entries.set(key, { tab, link, is: 'dialling' });
  };

  return {
    take: (tab, message) => {
      const key = `${tab} ${message.socket}`;
      const entry = entries.get(key);
      if (message.type === 'socket-open') {
        if (entry?.is === 'open')
          tell(tab, { type: 'socket-opened', socket: message.socket, protocol: entry.protocol });
        if (!entry) dial(tab, key, message);
        return true;
      }
      if (message.type === 'socket-send') entry?.link.send(message.data);
      else entry?.link.close(message.code, message.reason);
      return entry !== undefined;
    },
    tabLeft: (tab) => {
      for (const [key, entry] of entries) {
        if (entry.tab !== tab) continue;
        entries.delete(key);
        entry.link.hangUp(GOING_AWAY);
      }
    },
  };
};
