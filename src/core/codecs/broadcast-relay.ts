import { CLOSE_CODE } from '../../protocol/frames.ts';
import { createRecentSenders } from '../socket/recent-senders.ts';
import type { CodecName } from '../../protocol/config.ts';
import {
  codecOf,
  frameVerdict,
  type CodecConfig,
  type CodecEvent,
  type CodecKind,
  type Frame,
  type Put,
} from './codec.ts';
import {
  createTabSockets,
  OVER_LIMIT,
  QUEUE_MAX_FRAMES,
  QUEUE_MAX_SIZE,
  frameSize,
  type TabSocket,
} from './tab-sockets.ts';

/** How a protocol checks that the other side still answers. Without `pong`, any frame is an answer. */
export type Heartbeat = {
  ping: Frame;
  pong?: Frame | undefined;
  everyMs?: number | undefined;
  kindOf(data: Frame): 'ping' | 'pong' | undefined;
};

/** How a stream with positions goes on after a lost connection, so that no frame is missing. One for each connection. */
export type StreamResume = {
  /** Every frame that the tabs receive. */
  received(data: Frame): void;
  /** The first frames on a new connection. `undefined`: it cannot go on, so the tabs get a `gap` event. */
  request(): readonly Frame[] | undefined;
};

export type RelayOptions = {
  /** The name in the configuration (`sockets[].codec`). */
  name: CodecName;
  /** The WebSocket subprotocol that the server expects. */
  subprotocol?: string | undefined;
  heartbeat?: Heartbeat | undefined;
  /** Called once for each configured URL. */
  resume?: (() => StreamResume) | undefined;
  /** What the server's close codes mean. By default the page gets those with which it closes on purpose. */
  closed?: CodecKind['closed'] | undefined;
};

/** A tab that sent something and closed its socket without any answer for this long (ms) suspects the connection. */
const SILENT_MS = 2_000;

const heartbeatOf = ({ send, expect, everyMs }: NonNullable<CodecConfig['heartbeat']>): Heartbeat => ({
  ping: send,
  everyMs,
  kindOf: (data) => (data === expect ? 'pong' : undefined),
});

/*
 * Each tab receives each frame and can send frames. Tabs do not see when the connection is lost and restored. Frames that
 * the server sent in between are lost, unless `resume` requests them: then the tabs get a `gap` event. Without a heartbeat,
 * only a close event shows that the connection is lost. So the connection is opened again when the network changed or the
 * computer slept and nothing arrives, and when a tab gives up. If the server closes because of a tab's frame, that tab's
 * socket closes.
 */
const build = (put: Put, heartbeat: Heartbeat | undefined, resume: StreamResume | undefined) => {
  let queue: { entry: TabSocket; data: Frame }[] = [];
  let now = 0;
  const senders = createRecentSenders<TabSocket>();
  let link: { state: 'new' } | { state: 'down' } | { state: 'up' } = { state: 'new' };
  let probedAt: number | undefined;
  /** When each tab sent its first frame since the last one of the server. */
  const unheard = new Map<string, number>();
  const sockets = createTabSockets<{ missed: boolean }>(put, {
    open: (event) => onOpen(event),
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => senders.forget(entry),
  });

  /** `missed`: the socket was open on another connection before. */
  const admit = (entry: TabSocket & { missed: boolean }): void => {
    sockets.admit(entry);
    if (entry.missed) sockets.reportGap(entry);
  };

  const onOpen = (event: CodecEvent & { type: 'socket-open' }): void => {
    const entry = sockets.add(event, { missed: event.again !== null });
    if (link.state !== 'up') return;
    if (heartbeat || now - (unheard.get(event.tab) ?? now) < SILENT_MS) return admit(entry);
    put({ type: 'redial', why: 'a tab opened its socket again in silence' });
  };

  const send = (entry: TabSocket, data: Frame): void => {
    senders.sent(entry, frameSize(data), now);
    if (!unheard.has(entry.tab)) unheard.set(entry.tab, now);
    put({ type: 'send', data });
    put({ type: 'count', what: 'sent', by: 1 });
  };

  const onOpened = (): void => {
    const again = link.state === 'down' ? resume?.request() : [];
    link = { state: 'up' };
    put({ type: 'greeted', heartbeatMs: heartbeat?.everyMs });
    for (const data of again ?? []) put({ type: 'send', data });
    for (const entry of sockets.all()) {
      if (entry.state === 'waiting') admit(entry);
      else if (!again) sockets.reportGap(entry);
    }
    for (const { entry, data } of queue) send(entry, data);
    queue = [];
  };

  const onFrame = (data: Frame): void => {
    const kind = heartbeat?.kindOf(data);
    unheard.clear();
    if (heartbeat?.pong !== undefined && kind === 'ping') return put({ type: 'send', data: heartbeat.pong });
    if (kind === 'pong') {
      if (probedAt !== undefined) put({ type: 'round-trip', ms: Math.max(0, now - probedAt) });
      probedAt = undefined;
      return;
    }
    put({ type: 'count', what: 'received', by: 1 });
    resume?.received(data);
    sockets.broadcast(data);
  };

  const onSend = (entry: TabSocket, data: Frame): void => {
    // The worker answers a client's own ping, because the ping would otherwise wait for a new connection.
    if (heartbeat?.pong !== undefined && heartbeat.kindOf(data) === 'ping') return sockets.send(entry, heartbeat.pong);
    if (link.state === 'up') return send(entry, data);
    const size = queue.reduce((sum, each) => sum + frameSize(each.data), frameSize(data));
    if (queue.length >= QUEUE_MAX_FRAMES || size > QUEUE_MAX_SIZE)
      return sockets.close(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    queue.push({ entry, data });
  };

  const onProbe = (afterChange: boolean): void => {
    if (!heartbeat) return afterChange ? undefined : put({ type: 'alive' });
    probedAt = now;
    put({ type: 'send', data: heartbeat.ping });
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    if (link.state === 'up') link = { state: 'down' };
    probedAt = undefined;
    unheard.clear();
    const blamed = senders.blamed(code, now);
    if (blamed && !isLocal && sockets.of(blamed) === blamed) sockets.close(blamed, code, '', true);
  };

  const handle = (event: CodecEvent, at: number): void => {
    now = at;
    switch (event.type) {
      case 'opened':
        return onOpened();
      case 'frame':
        return onFrame(event.data);
      case 'closed':
        return onClosed(event.code, event.local === true);
      case 'ended':
        queue = [];
        link = { state: 'new' };
        return sockets.closeAll(event.code, event.reason, event.wasClean);
      case 'probe':
        return onProbe(event.afterChange === true);
      default:
        // Such a protocol has no topics, publications or renewal. `forget` always follows `ended`.
        return sockets.handle(event);
    }
  };

  return { listeners: sockets, handle };
};

/**
 * A codec that passes each frame to all tabs, for any protocol without a state for each connection. `broadcast` and
 * `json-ping` are two of them. Pass it to `socketsWith`.
 *
 * @example
 * import { keepSession, relay, socketsWith } from 'session-keeper/sw';
 * const ticker = relay({
 *   name: 'ticker',
 *   resume: () => {
 *     let last: string | undefined;
 *     return {
 *       received: (data) => void (last = /"seq":(\d+)/.exec(String(data))?.[1] ?? last),
 *       request: () => (last === undefined ? undefined : [JSON.stringify({ from: last })]),
 *     };
 *   },
 * });
 * keepSession({ config, sockets: socketsWith(ticker) });
 */
export const relay = ({ name, subprotocol, heartbeat, resume, closed = frameVerdict }: RelayOptions): CodecKind => ({
  name,
  ...(subprotocol !== undefined && { subprotocol }),
  shares: 'frames',
  create: (_identity, config) =>
    codecOf((put) => build(put, config?.heartbeat ? heartbeatOf(config.heartbeat) : heartbeat, resume?.())),
  closed,
});
