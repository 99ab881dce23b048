import { honouredPause } from '../../protocol/timing/redial.ts';
import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import { CLOSE_CODE } from '../../protocol/frames.ts';
import { retryAfterOf } from '../../protocol/problem.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import { fetchTicket, handshakeOf, noHandshake, socketUrl } from './socket-ticket.ts';
import {
  ABNORMAL_CLOSURE,
  openConnection,
  type WebSocketConnection,
  type WebSocketMaker,
} from './websocket-connection.ts';

type SocketMessage = Extract<TabMessage, { socket: string }>;
type Opening = SocketMessage & { type: 'socket-open' };

/**
 * One connection for each socket of a tab, and its close passes through. URLs that the configuration names `private`
 * get a ticket for each attempt. URLs that it does not name get none.
 */
export type PrivateSockets = {
  /** Returns whether this tab has a private socket of that name. A `socket-open` creates one. */
  receive(tab: string, message: SocketMessage): boolean;
  tabLeft(tab: string): void;
  /** Sockets with tickets wait for a session, and close with it. `undefined`: there is no session. */
  session(generation: number | undefined): void;
};

export type PrivateSocketsOptions = {
  config: readonly SocketConfig[];
  origin: string;
  clock: Clock;
  random: Random;
  request(url: string, init: RequestInit): Promise<Response>;
  WebSocket: WebSocketMaker;
  sendToTab(tab: string, frame: PortFrame): void;
  onUnauthorized(generation: number): void;
  journal(machine: string, what: string, detail?: string): void;
};

const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** How often (ms) to look whether the browser has sent the frames of a tab. */
const POLL_INTERVAL_MS = 20;

/** A private socket of a tab. `url` and `config` are those of `opening`, looked up. */
type PrivateSocket = { tab: string; opening: Opening; config: SocketConfig | undefined; url: URL };

/** `unsent`: how many frames of the tab the browser may still hold. */
type Entry = PrivateSocket & { unsent: number } & (
    | { state: 'waiting'; cancel(): void }
    | { state: 'connected'; connection: WebSocketConnection }
  );

/** A path that ends with a slash covers all paths below it, as in the request policy (config.ts). */
const covers = (config: SocketConfig, target: URL, origin: string): boolean => {
  const { href, host, pathname } = socketUrl(config.url, origin);
  if (config.codec !== 'private') return href === target.href;
  return (
    host === target.host &&
    (pathname.endsWith('/') ? target.pathname.startsWith(pathname) : target.pathname === pathname)
  );
};

export const createPrivateSockets = (options: PrivateSocketsOptions): PrivateSockets => {
  const { config: configs, origin, clock, WebSocket, sendToTab } = options;
  const entries = new Map<string, Entry>();
  /** The earliest moment for the next request that a server allows (`Retry-After`), by the URL of its tickets. */
  const pauses = new Map<string, number>();
  let generation: number | undefined;

  const keyOf = (tab: string, { socket }: SocketMessage): string => `${tab} ${socket}`;

  const close = (
    tab: string,
    opening: Opening,
    { code, reason = '', wasClean = false }: { code: number; reason?: string; wasClean?: boolean },
  ): void => {
    entries.delete(keyOf(tab, opening));
    sendToTab(tab, { type: 'socket-closed', socket: opening.socket, code, reason, wasClean });
  };

  const end = (entry: Entry): void => {
    if (entry.state === 'waiting') entry.cancel();
    else entry.connection.hangUp(GOING_AWAY);
  };

  /** The browser sends a large frame slowly. The tab keeps its frames until then, for its `bufferedAmount`. */
  const acknowledge = (entry: Entry & { state: 'connected' }): void => {
    const { tab, opening } = entry;
    if (entries.get(keyOf(tab, opening)) !== entry) return;
    if (entry.connection.buffered > 0)
      return void clock.schedule(clock.now() + POLL_INTERVAL_MS, () => acknowledge(entry));
    sendToTab(tab, { type: 'socket-taken', socket: opening.socket, count: entry.unsent });
    entry.unsent = 0;
  };

  const send = (entry: Entry, data: string | ArrayBuffer): void => {
    if (entry.state !== 'connected') return;
    entry.connection.send(data);
    entry.unsent += 1;
    if (entry.unsent === 1) clock.schedule(clock.now(), () => acknowledge(entry));
  };

  const wait = (socket: PrivateSocket, cancel: () => void): void => {
    entries.set(keyOf(socket.tab, socket.opening), { ...socket, unsent: 0, state: 'waiting', cancel });
  };

  const connect = (to: PrivateSocket, ticket: string): void => {
    const { tab, opening, config, url } = to;
    const { socket, protocols } = opening;
    let isOpened = false;
    const connection = openConnection({
      WebSocket,
      ...(config ? handshakeOf(config, url, protocols, ticket) : { url: url.href, protocols }),
      opened: (chosen, extensions) => {
        isOpened = true;
        // The page sees only a subprotocol that it offered: another one may be the ticket's.
        const protocol = protocols.includes(chosen) ? chosen : '';
        sendToTab(tab, { type: 'socket-opened', socket, protocol, extensions });
      },
      received: (data) => sendToTab(tab, { type: 'socket-message', socket, data }),
      closed: (code, reason, wasClean) => {
        if (!isOpened && config) options.journal(`socket ${config.url}`, ...noHandshake(config));
        close(tab, opening, { code, reason, wasClean });
      },
    });
    entries.set(keyOf(tab, opening), { ...to, unsent: 0, state: 'connected', connection });
  };

  const connectWithTicket = async (to: PrivateSocket, { ticket }: SocketConfig): Promise<void> => {
    const abort = new AbortController();
    const usedGeneration = generation;
    wait(to, () => abort.abort());
    const result = await fetchTicket({ ticket, request: options.request, now: clock.now(), signal: abort.signal });
    if (abort.signal.aborted) return;
    if (result.ok) return connect(to, result.value.ticket);
    const pause = retryAfterOf(result.problem);
    if (pause !== undefined) pauses.set(ticket.url, clock.now() + honouredPause(pause, options.random()));
    if (result.problem.code === 'credentials-rejected' && usedGeneration !== undefined)
      options.onUnauthorized(usedGeneration);
    close(to.tab, to.opening, { code: ABNORMAL_CLOSURE });
  };

  /** Starts as soon as there is a session and the server's pause is over. */
  const start = (to: PrivateSocket, config: SocketConfig): void => {
    const due = pauses.get(config.ticket.url) ?? 0;
    if (generation !== undefined && due <= clock.now()) return void connectWithTicket(to, config);
    wait(to, generation === undefined ? () => undefined : clock.schedule(due, () => start(to, config)));
  };

  const open = (tab: string, opening: Opening): void => {
    // The socket was open before and lost its connection. A WebSocket would close, because messages may be lost.
    if (opening.again !== null) return close(tab, opening, { code: ABNORMAL_CLOSURE });
    let url: URL;
    try {
      url = socketUrl(opening.url, origin);
    } catch {
      return close(tab, opening, { code: ABNORMAL_CLOSURE });
    }
    const config = configs.find((each) => covers(each, url, origin));
    const socket: PrivateSocket = { tab, opening, config, url };
    if (config?.codec === 'private') start(socket, config);
    // Sockets of the codecs that this worker has do not come here.
    else if (config) close(tab, opening, { code: POLICY_VIOLATION, reason: 'no codec' });
    else connect(socket, '');
  };

  return {
    receive: (tab, message) => {
      const entry = entries.get(keyOf(tab, message));
      if (message.type === 'socket-open') {
        if (entry) end(entry);
        open(tab, message);
        return true;
      }
      if (!entry) return false;
      if (message.type === 'socket-send') send(entry, message.data);
      else if (entry.state === 'connected') entry.connection.close(message.code, message.reason);
      else {
        entry.cancel();
        close(tab, entry.opening, { code: ABNORMAL_CLOSURE });
      }
      return true;
    },
    tabLeft: (tab) => {
      for (const [key, entry] of entries) {
        if (entry.tab !== tab) continue;
        entries.delete(key);
        end(entry);
      }
    },
    session: (input) => {
      const had = generation !== undefined;
      generation = input;
      if (had === (input !== undefined)) return;
      for (const entry of [...entries.values()]) {
        const { tab, opening, config } = entry;
        if (!config) continue;
        if (had) {
          end(entry);
          const code = config.signedOutCode ?? CLOSE_CODE.unauthorized;
          close(tab, opening, { code, reason: 'signed-out', wasClean: true });
        } else start(entry, config);
      }
    },
  };
};
