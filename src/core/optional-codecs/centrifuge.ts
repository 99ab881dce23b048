import { CLOSE_CODE } from '../../protocol/frames.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import { blamesMessage, createSuspects } from '../socket/suspects.ts';
import { createSharedChannels } from './centrifuge-channels.ts';
import { createServerChannels } from './centrifuge-server-channels.ts';
import { codecOf, keeperVerdict, type CodecEvent, type CodecKind, type Frame, type Put } from '../codecs/codec.ts';
import { createTabSockets, frameSize, OVER_LIMIT, type TabSocket } from '../codecs/tab-sockets.ts';
import { createTabRequests } from './tab-requests.ts';

/*
 * Centrifugo's protocol in JSON (https://centrifugal.dev/docs/transports/client_protocol). All tabs are one client of the
 * server, with one subscription for each channel. After a lost connection the codec subscribes again from its position,
 * so tabs miss nothing where the server keeps a history. Elsewhere their clients see `subscribing` and `subscribed`, as
 * they would without the worker. A request under way ends with an error, because the server may have executed it.
 *
 * Long because a reader follows one protocol from top to bottom.
 */

const ABNORMAL = 1006;
const UNSUPPORTED = 1003;
/** Client libraries stop for good after these (https://centrifugal.dev/docs/server/codes). */
const isFinal = (code: number): boolean => (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);
/** The server closes on a malformed command. */
const BAD_REQUEST = 3501;
/** How often the worker checks that the server's pings still arrive, and how late one may be. */
const LOOK_EVERY_MS = 10_000;
const PING_LATE_MS = 10_000;

const LOST = { code: 11, message: 'The connection was lost; whether this was carried out is unknown.' };
const refusedWith = (code: number) => ({ code: 107, message: `The server closed the connection on this (${code}).` });

/** `subs`: from where the client continues in the channels of the server. */
type Own = { connect: 'none' | 'asked' | 'done'; connectId: number; subs: JsonObject };
type Entry = TabSocket & Own;

const messagesOf = (data: Frame): readonly JsonObject[] | undefined => {
  if (typeof data !== 'string') return undefined;
  const lines = data.split('\n').filter((line) => line.trim() !== '');
  const messages = lines.map(parseJson).filter(isObject);
  return messages.length === lines.length ? messages : undefined;
};
const objectAt = (value: JsonObject, key: string): JsonObject | undefined => {
  const found = own(value, key);
  return isObject(found) ? found : undefined;
};
/** A command without an answer has no id, as a ping of the server. */
const idOf = (message: JsonObject): number => numberAt(message, 'id') ?? 0;
const isPing = (message: JsonObject): boolean => Object.keys(message).length === 0;

const build = (put: Put) => {
  /** The codec's own subscribes, by their id. */
  const subscribes = new Map<number, string>();
  const suspects = createSuspects([BAD_REQUEST]);
  let link: 'down' | 'open' | 'connecting' | 'up' = 'down';
  let connect: JsonObject | undefined;
  /** The last answer to `connect`, and when it came. */
  let welcome: { answer: JsonObject; at: number } | undefined;
  let [connectId, lastId, receivedAt, now] = [0, 0, 0, 0];
  const sockets = createTabSockets<Own>(put, {
    open: (event) => onOpen(event),
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => leaveAll(entry),
  });

  const send = (message: JsonObject): void => put({ type: 'send', data: JSON.stringify(message) });
  const sendTo = (entry: Entry, message: JsonObject): void => sockets.send(entry, JSON.stringify(message));
  const fromServer = createServerChannels((push) => {
    for (const entry of sockets.all()) if (entry.connect === 'done') sendTo(entry, { push });
  });
  const requests = createTabRequests<Entry, JsonObject>({
    suspects,
    now: () => now,
    nextId: () => String(++lastId),
    send: ({ id, message }) => {
      send(idOf(message) === 0 ? message : { ...message, id: Number(id) });
      put({ type: 'count', what: 'sent', by: 1 });
    },
  });
  const channels = createSharedChannels<Entry>({
    suspects,
    now: () => now,
    sendTo,
    subscribe: (name, request) => {
      subscribes.set(++lastId, name);
      send({ id: lastId, subscribe: request });
    },
    unsubscribe: (channel) => {
      // An answer that still comes is not the answer to a later subscribe.
      for (const [id, name] of subscribes) if (name === channel) subscribes.delete(id);
      if (link === 'up') send({ id: ++lastId, unsubscribe: { channel } });
    },
  });

  const initialise = (): void => {
    if (link !== 'open' || !connect) return;
    link = 'connecting';
    connectId = ++lastId;
    send({ id: connectId, connect: { ...connect, ...fromServer.recoveries() } });
  };

  /** The worker watches the connection, so tabs wait for no pings. */
  const acknowledge = (entry: Entry): void => {
    if (!welcome) return;
    entry.connect = 'done';
    const { ping: _ping, pong: _pong, subs: _subs, ...answer } = welcome.answer;
    const ttl = numberAt(answer, 'ttl');
    const left = ttl === undefined ? {} : { ttl: Math.max(1, Math.round(ttl - (now - welcome.at) / 1_000)) };
    sendTo(entry, { id: entry.connectId, connect: { ...answer, ...left, ...fromServer.answersFor(entry.subs) } });
  };

  const onConnected = (answer: JsonObject): void => {
    if (welcome) put({ type: 'count', what: 'resumed', by: 1 });
    link = 'up';
    welcome = { answer, at: now };
    put({ type: 'greeted', heartbeatMs: LOOK_EVERY_MS });
    fromServer.connected(objectAt(answer, 'subs') ?? {});
    for (const entry of sockets.all()) if (entry.connect === 'asked') acknowledge(entry);
    sendOn();
  };

  /** Tabs that wait get the server's error. Those that were connected before connect again, with other tokens. */
  const onConnectRefused = (error: unknown): void => {
    link = 'open';
    connect = undefined;
    for (const entry of sockets.all()) {
      if (entry.connect === 'done') expel(entry, ABNORMAL);
      if (entry.connect !== 'asked') continue;
      entry.connect = 'none';
      leaveAll(entry);
      sendTo(entry, { id: entry.connectId, error });
    }
  };

  // ---- to the server: subscribes first, then commands

  const sendOn = (): void => {
    if (link !== 'up') return;
    channels.sendWaiting();
    requests.sendWaiting();
  };

  const leaveAll = (entry: Entry): void => {
    requests.forget(entry);
    channels.leaveAll(entry);
    sendOn();
  };

  const expel = (entry: Entry, code: number, reason = ''): void => {
    leaveAll(entry);
    sockets.close(entry, code, reason, code !== ABNORMAL);
  };

  // ---- from tabs

  const onTabConnect = (entry: Entry, id: number, payload: JsonObject): void => {
    if (entry.connect !== 'none') return expel(entry, BAD_REQUEST, 'bad request');
    Object.assign(entry, { connect: 'asked', connectId: id, subs: objectAt(payload, 'subs') ?? {} });
    // The newest token is the one for the next connection.
    connect = payload;
    if (link === 'up') acknowledge(entry);
    else initialise();
  };

  const ask = (owner: Entry, command: JsonObject, size: number): void => {
    const [refresh, renewed] = [objectAt(command, 'refresh'), objectAt(command, 'sub_refresh')];
    if (refresh && connect) connect = { ...connect, token: own(refresh, 'token') };
    if (renewed) channels.renew(stringAt(renewed, 'channel') ?? '', own(renewed, 'token'));
    if (!requests.add(owner, command, size)) expel(owner, CLOSE_CODE.tryLater, OVER_LIMIT);
  };

  const onCommand = (entry: Entry, command: JsonObject, size: number): void => {
    const id = idOf(command);
    const opening = objectAt(command, 'connect');
    const [subscribing, leaving] = [objectAt(command, 'subscribe'), objectAt(command, 'unsubscribe')];
    if (opening) return onTabConnect(entry, id, opening);
    // Clients send subscribes in the same frame as `connect`.
    if (entry.connect === 'none') return expel(entry, BAD_REQUEST, 'bad request');
    if (subscribing) channels.ask(entry, id, subscribing);
    else if (leaving) {
      channels.leave(entry, stringAt(leaving, 'channel') ?? '');
      sendTo(entry, { id, unsubscribe: {} });
    } else ask(entry, command, size);
    sendOn();
  };

  const onSend = (entry: Entry, data: Frame): void => {
    const commands = messagesOf(data);
    if (!commands) return expel(entry, UNSUPPORTED, 'JSON only');
    for (const command of commands)
      if (!isPing(command) && sockets.of(entry) === entry) onCommand(entry, command, frameSize(data));
  };

  const onOpen = (event: CodecEvent & { type: 'socket-open' }): void => {
    const former = sockets.of(event);
    if (former) leaveAll(former);
    const entry = sockets.add(event, { connect: 'none', connectId: 0, subs: {} });
    // The worker that knew its channels was stopped. The client connects again, and recovers from its own position.
    if (event.again !== null) return sockets.close(entry, ABNORMAL, '');
    if (link !== 'down') sockets.admit(entry);
  };

  // ---- from the server

  const onReply = (id: number, reply: JsonObject): void => {
    const error = own(reply, 'error');
    if (id === connectId && link === 'connecting')
      return error === undefined ? onConnected(objectAt(reply, 'connect') ?? {}) : onConnectRefused(error);
    const name = subscribes.get(id);
    subscribes.delete(id);
    if (name !== undefined) {
      if (error === undefined) channels.answered(name, objectAt(reply, 'subscribe') ?? {});
      else channels.refused(name, error);
    } else {
      const request = requests.answered(String(id));
      if (request) sendTo(request.owner, { ...reply, id: idOf(request.message) });
    }
    sendOn();
  };

  const onMessage = (message: JsonObject): void => {
    if (isPing(message)) return welcome && own(welcome.answer, 'pong') === true ? send({}) : undefined;
    const [id, push] = [idOf(message), objectAt(message, 'push')];
    if (id !== 0) return onReply(id, message);
    if (!push) return put({ type: 'violated' });
    put({ type: 'count', what: 'received', by: 1 });
    // The close that follows says the same.
    if (own(push, 'disconnect')) return;
    const name = stringAt(push, 'channel') ?? '';
    if (!channels.push(name, push)) fromServer.push(name, push);
  };

  const onFrame = (data: Frame): void => {
    receivedAt = now;
    const messages = messagesOf(data);
    if (messages) messages.forEach(onMessage);
    else put({ type: 'violated' });
  };

  const onOpened = (): void => {
    link = 'open';
    receivedAt = now;
    for (const entry of sockets.all()) if (entry.state === 'waiting') sockets.admit(entry);
    initialise();
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    const wasConnecting = link === 'connecting';
    link = 'down';
    subscribes.clear();
    if (wasConnecting && !isLocal && (code === BAD_REQUEST || blamesMessage(code))) {
      connect = undefined;
      for (const entry of sockets.all()) if (entry.connect !== 'none') expel(entry, code);
    }
    const { guilty = '' } = suspects.closed(code, isLocal, now);
    channels.closed(guilty, refusedWith(code));
    for (const { id, owner, message } of requests.closed())
      if (idOf(message) !== 0) sendTo(owner, { id: idOf(message), error: id === guilty ? refusedWith(code) : LOST });
  };

  const onProbe = (): void => {
    requests.expire();
    const everyMs = (welcome ? (numberAt(welcome.answer, 'ping') ?? 0) : 0) * 1_000;
    if (everyMs === 0 || now <= receivedAt + everyMs + PING_LATE_MS) put({ type: 'alive' });
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
        for (const each of [channels, requests, subscribes, suspects, fromServer]) each.clear();
        connect = welcome = undefined;
        return sockets.closeAll(event.code, event.reason, event.wasClean);
      case 'wake':
        return sendOn();
      case 'probe':
        return onProbe();
      default:
        return sockets.handle(event);
    }
  };

  return { listeners: sockets, handle, wakeAt: suspects.wakeAt };
};

/** Centrifugo and servers of the Centrifuge library, in JSON. Pass it to `socketsWith`. */
export const centrifuge: CodecKind = {
  name: 'centrifuge',
  shares: 'frames',
  create: () => codecOf(build),
  closed: (code, reason) => {
    if (code === BAD_REQUEST) return { type: 'redial' };
    if (isFinal(code)) return { type: 'end' };
    // In this protocol, 4403, 4409 and 4429 mean that clients connect again.
    return code === CLOSE_CODE.unauthorized || code < 4_000 ? keeperVerdict(code, reason) : { type: 'redial' };
  },
};
