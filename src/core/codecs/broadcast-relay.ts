import { CLOSE_CODE } from '../../protocol/frames.ts';
import { createRecentSenders } from '../socket/recent-senders.ts';
import { codecOf, type Codec, type CodecEvent, type Frame, type Put } from './codec.ts';
import {
  createTabSockets,
  OVER_LIMIT,
  QUEUE_MAX_FRAMES,
  QUEUE_MAX_SIZE,
  frameSize,
  type TabSocket,
} from './tab-sockets.ts';

/** How a protocol checks that the other side still answers. */
export type Heartbeat = { ping: Frame; pong: Frame; kindOf(data: Frame): 'ping' | 'pong' | undefined };

/*
 * Each tab receives each frame and can send frames. Tabs do not see when the connection is lost and restored. Such a
 * stream has no cursor, so frames that the server sent in between are lost. Without a heartbeat, only a close event
 * shows that the connection is lost. If the server closes because of a tab's frame, that tab's socket closes.
 */
const build = (put: Put, heartbeat?: Heartbeat) => {
  let queue: { entry: TabSocket; data: Frame }[] = [];
  let now = 0;
  const senders = createRecentSenders<TabSocket>();
  let link: { state: 'down' } | { state: 'up' } = { state: 'down' };
  let probedAt: number | undefined;
  const sockets = createTabSockets<object>(put, {
    open: (event) => {
      const entry = sockets.add(event, {});
      if (link.state === 'up') sockets.admit(entry);
    },
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => senders.forget(entry),
  });

  const send = (entry: TabSocket, data: Frame): void => {
    senders.sent(entry, frameSize(data), now);
    put({ type: 'send', data });
    put({ type: 'count', what: 'sent', by: 1 });
  };

  const onOpened = (): void => {
    link = { state: 'up' };
    put({ type: 'greeted' });
    for (const entry of sockets.all()) if (entry.state === 'waiting') sockets.admit(entry);
    for (const { entry, data } of queue) send(entry, data);
    queue = [];
  };

  const onFrame = (data: Frame): void => {
    const kind = heartbeat?.kindOf(data);
    if (heartbeat && kind === 'ping') return put({ type: 'send', data: heartbeat.pong });
    if (kind === 'pong') {
      if (probedAt !== undefined) put({ type: 'round-trip', ms: Math.max(0, now - probedAt) });
      probedAt = undefined;
      return;
    }
    put({ type: 'count', what: 'received', by: 1 });
    sockets.broadcast(data);
  };

  const onSend = (entry: TabSocket, data: Frame): void => {
    // The worker answers a client's own ping, because the ping would otherwise wait for a new connection.
    if (heartbeat?.kindOf(data) === 'ping') return sockets.send(entry, heartbeat.pong);
    if (link.state === 'up') return send(entry, data);
    const size = queue.reduce((sum, each) => sum + frameSize(each.data), frameSize(data));
    if (queue.length >= QUEUE_MAX_FRAMES || size > QUEUE_MAX_SIZE)
      return sockets.close(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    queue.push({ entry, data });
  };

  const onProbe = (): void => {
    if (!heartbeat) return put({ type: 'alive' });
    probedAt = now;
    put({ type: 'send', data: heartbeat.ping });
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    link = { state: 'down' };
    probedAt = undefined;
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
        return sockets.closeAll(event.code, event.reason);
      case 'probe':
        return onProbe();
      default:
        // Such a protocol has no topics, publications or renewal. `forget` always follows `ended`.
        return sockets.handle(event);
    }
  };

  return { listeners: sockets, handle };
};

export const createRelay = (heartbeat?: Heartbeat): Codec => codecOf((put) => build(put, heartbeat));
