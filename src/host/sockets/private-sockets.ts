import { honouredPause } from '../../core/backoff.ts';
import type { PortFrame, TabMessage } from '../../protocol/bridge.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import { CLOSE_CODE } from '../../protocol/frames.ts';
import { retryAfterOf } from '../../protocol/problem.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import { openConnection, type WebSocketConnection, type WebSocketMaker } from './websocket-connection.ts';
import { handshakeOf, fetchTicket, socketUrl } from './socket-ticket.ts';

type SocketMessage = Extract<TabMessage, { socket: string }>;
type Opening = SocketMessage & { type: 'socket-open' };

/**
 * One upstream for each tab's socket, whose closes pass through: what the configuration calls `private`, with a ticket
 * for each dial, and what it does not name, without.
 */
export type PrivateSockets = {
  /** Whether this tab has a private socket of that name, or has one now. */
  receive(tab: string, message: SocketMessage): boolean;
  tabLeft(tab: string): void;
  /** Those with tickets wait for a session, and end with it. */
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
};

const GOING_AWAY = 1001;
const ABNORMAL = 1006;
const POLICY_VIOLATION = 1008;

/** How often (ms) it is looked whether the browser has sent what a tab said. */
const LOOK_EVERY_MS = 20;

/** `unsent`: how many of the tab's frames the browser may still hold. */
type Entry = { tab: string; opening: Opening; unsent: number } & (
  | { is: 'waiting'; config: SocketConfig; cancel(): void }
  | { is: 'linked'; config: SocketConfig | undefined; link: WebSocketConnection }
);

/** By its path alone, or below it where that ends with a slash (as for requests: config.ts). */
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
  /** When a server that asked for a pause may be asked again, by the URL of its tickets. */
  const pauses = new Map<string, number>();
  let generation: number | undefined;

  const keyOf = (tab: string, { socket }: SocketMessage): string => `${tab} ${socket}`;

  const close = (tab: string, opening: Opening, code = ABNORMAL, reason = '', wasClean = false): void => {
    entries.delete(keyOf(tab, opening));
    sendToTab(tab, { type: 'socket-closed', socket: opening.socket, code, reason, wasClean });
  };

  const end = (entry: Entry): void => {
    if (entry.is === 'waiting') entry.cancel();
    else entry.link.hangUp(GOING_AWAY);
  };

  /** A Blob's worth of bytes leaves the browser in its own time; only then need the tab not hold it any more. */
  const look = (entry: Entry & { is: 'linked' }): void => {
    const { tab, opening } = entry;
    if (entries.get(keyOf(tab, opening)) !== entry) return;
    if (entry.link.buffered > 0) return void clock.schedule(clock.now() + LOOK_EVERY_MS, () => look(entry));
    sendToTab(tab, { type: 'socket-taken', socket: opening.socket, count: entry.unsent });
    entry.unsent = 0;
  };

  const send = (entry: Entry, data: string | ArrayBuffer): void => {
    if (entry.is !== 'linked') return;
    entry.link.send(data);
    entry.unsent += 1;
    if (entry.unsent === 1) clock.schedule(clock.now(), () => look(entry));
  };

  const dial = (tab: string, opening: Opening, config: SocketConfig | undefined, url: URL, ticket: string): void => {
    const { socket, protocols } = opening;
    const link = openConnection({
      WebSocket,
      ...(config ? handshakeOf(config, url, protocols, ticket) : { url: url.href, protocols }),
      opened: (protocol) =>
        // One that the page did not offer is none of its business: it may be the ticket's.
        sendToTab(tab, { type: 'socket-opened', socket, protocol: protocols.includes(protocol) ? protocol : '' }),
      received: (data) => sendToTab(tab, { type: 'socket-message', socket, data }),
      closed: (code, reason, wasClean) => close(tab, opening, code, reason, wasClean),
    });
    entries.set(keyOf(tab, opening), { tab, opening, unsent: 0, is: 'linked', config, link });
  };

  const ask = async (tab: string, opening: Opening, config: SocketConfig, url: URL): Promise<void> => {
    const abort = new AbortController();
    const asked = generation;
    const { ticket } = config;
    entries.set(keyOf(tab, opening), { tab, opening, unsent: 0, is: 'waiting', config, cancel: () => abort.abort() });
    const result = await fetchTicket({ ticket, request: options.request, now: clock.now(), signal: abort.signal });
    if (abort.signal.aborted) return;
    if (result.ok) return dial(tab, opening, config, url, result.value.ticket);
    const pause = retryAfterOf(result.problem);
    if (pause !== undefined) pauses.set(ticket.url, clock.now() + honouredPause(pause, options.random()));
    if (result.problem.code === 'credentials-rejected' && asked !== undefined) options.onUnauthorized(asked);
    close(tab, opening);
  };

  /** As soon as there is a session, and the server may be asked. */
  const start = (tab: string, opening: Opening, config: SocketConfig, url: URL): void => {
    const due = pauses.get(config.ticket.url) ?? 0;
    if (generation !== undefined && due <= clock.now()) return void ask(tab, opening, config, url);
    const cancel =
      generation === undefined ? (): void => undefined : clock.schedule(due, () => start(tab, opening, config, url));
    entries.set(keyOf(tab, opening), { tab, opening, unsent: 0, is: 'waiting', config, cancel });
  };

  const open = (tab: string, opening: Opening): void => {
    // What its lost wire would have brought is lost: a WebSocket would say so.
    if (opening.again !== null) return close(tab, opening);
    let url: URL;
    try {
      url = socketUrl(opening.url, origin);
    } catch {
      return close(tab, opening);
    }
    const config = configs.find((each) => covers(each, url, origin));
    if (config?.codec === 'private') start(tab, opening, config, url);
    // One of another codec that this worker had would not have come here.
    else if (config) close(tab, opening, POLICY_VIOLATION, 'no codec');
    else dial(tab, opening, undefined, url, '');
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
      else if (entry.is === 'linked') entry.link.close(message.code, message.reason);
      else {
        entry.cancel();
        close(tab, entry.opening);
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
          close(tab, opening, CLOSE_CODE.unauthorized, 'signed-out', true);
        } else start(tab, opening, config, socketUrl(opening.url, origin));
      }
    },
  };
};
