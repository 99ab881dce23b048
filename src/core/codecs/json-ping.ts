import { isObject, parseJson, stringAt } from '../../protocol/json.ts';
import { CLOSE } from '../../protocol/frames.ts';
import { keeperVerdict, type Codec, type CodecEvent, type CodecKind, type CodecOutput, type Frame } from '../codec.ts';

/**
 * A plain event stream with `{"type":"ping"}` → `{"type":"pong"}`: every tab hears every frame, and may speak. The
 * upstream's blips are hidden from tabs; such a stream has no cursor, so what the server said meanwhile is not heard.
 */

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/** What tabs said while the link was down, in characters or bytes; beyond it the speaker's socket is closed. */
const QUEUE_MAX_FRAMES = 256;
const QUEUE_MAX_SIZE = 256_000;

const sizeOf = (data: Frame): number => (typeof data === 'string' ? data.length : data.byteLength);

const kindOf = (data: Frame): string | undefined => {
  // Most frames are data, and are passed on without being looked into.
  if (typeof data !== 'string' || data.length > 64) return undefined;
  const body = parseJson(data);
  return isObject(body) ? stringAt(body, 'type') : undefined;
};

type TabSocket = { tab: string; socket: string; is: 'waiting' | 'open' };

const create = (): Codec => {
  const sockets = new Map<string, TabSocket>();
  let queue: Frame[] = [];
  let link: { is: 'down' } | { is: 'up' } = { is: 'down' };
  let probedAt: number | undefined;
  let outputs: CodecOutput[] = [];

  const put = (output: CodecOutput): void => void outputs.push(output);
  const keyOf = ({ tab, socket }: { tab: string; socket: string }): string => `${tab} ${socket}`;

  const admit = (entry: TabSocket): void => {
    entry.is = 'open';
    put({ type: 'tell', tab: entry.tab, frame: { type: 'socket-opened', socket: entry.socket, protocol: '' } });
  };

  const close = (entry: TabSocket, code: number, reason: string, wasClean: boolean): void => {
    sockets.delete(keyOf(entry));
    put({
      type: 'tell',
      tab: entry.tab,
      frame: { type: 'socket-closed', socket: entry.socket, code, reason, wasClean },
    });
  };

  const speak = (data: Frame): void => {
    put({ type: 'send', data });
    put({ type: 'count', what: 'sent', by: 1 });
  };

  const onOpened = (): void => {
    link = { is: 'up' };
    put({ type: 'greeted' });
    for (const entry of sockets.values()) if (entry.is === 'waiting') admit(entry);
    queue.forEach(speak);
    queue = [];
  };

  const onFrame = (data: Frame, now: number): void => {
    const kind = kindOf(data);
    if (kind === 'ping') return put({ type: 'send', data: PONG });
    if (kind === 'pong') {
      if (probedAt !== undefined) put({ type: 'round-trip', ms: Math.max(0, now - probedAt) });
      probedAt = undefined;
      return;
    }
    put({ type: 'count', what: 'received', by: 1 });
    for (const { tab, socket, is } of sockets.values()) {
      if (is === 'open') put({ type: 'tell', tab, frame: { type: 'socket-message', socket, data } });
    }
  };

  const onSend = (entry: TabSocket, data: Frame): void => {
    // A client that looks after itself is answered here: its ping need not wait for a link that is coming back.
    if (kindOf(data) === 'ping') {
      return put({ type: 'tell', tab: entry.tab, frame: { type: 'socket-message', socket: entry.socket, data: PONG } });
    }
    if (link.is === 'up') return speak(data);
    const size = queue.reduce((sum, frame) => sum + sizeOf(frame), sizeOf(data));
    if (queue.length >= QUEUE_MAX_FRAMES || size > QUEUE_MAX_SIZE)
      return close(entry, CLOSE.tryLater, 'over-limit', false);
    queue.push(data);
  };

  const onTab = (event: CodecEvent & { type: 'socket-open' | 'socket-send' | 'socket-close' }): void => {
    const entry = sockets.get(keyOf(event));
    if (event.type === 'socket-open') {
      const opened: TabSocket = { tab: event.tab, socket: event.socket, is: 'waiting' };
      sockets.set(keyOf(opened), opened);
      return link.is === 'up' ? admit(opened) : undefined;
    }
    if (!entry) return;
    return event.type === 'socket-send' ? onSend(entry, event.data) : close(entry, event.code, event.reason, true);
  };

  const endAll = (code: number, reason: string): void => {
    queue = [];
    for (const entry of [...sockets.values()]) close(entry, code, reason, false);
  };

  const handle = (event: CodecEvent, now: number): void => {
    switch (event.type) {
      case 'opened':
        return onOpened();
      case 'frame':
        return onFrame(event.data, now);
      case 'closed':
        link = { is: 'down' };
        probedAt = undefined;
        return;
      case 'ended':
        return endAll(event.code, event.reason);
      case 'probe':
        probedAt = now;
        return put({ type: 'send', data: PING });
      case 'socket-open':
      case 'socket-send':
      case 'socket-close':
        return onTab(event);
      case 'tab-left':
        for (const entry of [...sockets.values()]) if (entry.tab === event.tab) sockets.delete(keyOf(entry));
        return;
      default:
        // No topics, no publications, no renewal; and `forget` comes after `ended`.
        return;
    }
  };

  return {
    tell: (event, now) => {
      outputs = [];
      handle(event, now);
      return outputs;
    },
    get listeners() {
      return sockets.size;
    },
  };
};

export const jsonPing: CodecKind = {
  name: 'json-ping',
  subprotocol: 'json-ping',
  shares: 'frames',
  create,
  // 1008 (policy violation) is what a plain server has for "not you".
  closed: (code, reason) => (code === 1008 ? { do: 'authorize' } : keeperVerdict(code, reason)),
};
