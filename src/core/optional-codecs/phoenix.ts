import { CLOSE_CODE } from '../../protocol/frames.ts';
import { createSuspects } from '../socket/suspects.ts';
import { codecOf, frameVerdict, type CodecEvent, type CodecKind, type Frame, type Put } from '../codecs/codec.ts';
import {
  frameOf,
  parseFromServer,
  parseFromTab,
  REPLY,
  replyOf,
  replyTo,
  type PhoenixMessage,
} from './phoenix-message.ts';
import { createTabSockets, frameSize, OVER_LIMIT, type TabSocket } from '../codecs/tab-sockets.ts';
import { createTabRequests } from './tab-requests.ts';

/*
 * Phoenix channels, as phoenix.js and Supabase Realtime speak them. A server lets each connection join a topic once
 * (https://hexdocs.pm/phoenix/Phoenix.Channel.html#module-the-topic). So a tab's join of a topic that another tab has
 * joined replaces the earlier join, and both tabs receive the topic. The protocol replays nothing. After a lost
 * connection the codec joins again, and the tabs get a `gap` event. If the server then gives another answer to a join,
 * it carries data: the clients get `phx_error`, and join again themselves.
 *
 * Long because a reader follows one protocol from top to bottom.
 */

const ABNORMAL = 1006;
const MAX_TOPICS = 4_096;

const LOST = { reason: 'connection-lost' };
const refusedWith = (code: number) => ({ reason: `The server closed the connection on this message (${code}).` });

type Own = { refused: Set<string> };
type Entry = TabSocket & Own;

/** A tab in a topic. `join`: its join that waits for an answer. `answer`: the last one. */
type Member = { joinRef: string | null; join: PhoenixMessage | undefined; answer: string | undefined };
/** `newest`: the last tab's join. `ref`: its id on this connection, if it is sent. */
type Channel = {
  members: Map<Entry, Member>;
  newest: PhoenixMessage;
  ref: string;
  state: 'waiting' | 'sent' | 'joined';
  isRejoin: boolean;
};

const isEnd = (event: string): boolean => event === 'phx_close' || event === 'phx_error';

const build = (put: Put) => {
  const channels = new Map<string, Channel>();
  /** Joins that a newer one has replaced before the server answered. */
  const replaced = new Map<string, Entry>();
  const pings = new Set<string>();
  const suspects = createSuspects();
  let link: 'down' | 'up' = 'down';
  let shape: PhoenixMessage['shape'] | undefined;
  let probedAt: number | undefined;
  let [wasUp, lastRef, now] = [false, 0, 0];
  const sockets = createTabSockets<Own>(put, {
    open: (event) => onOpen(event),
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => leaveAll(entry),
  });

  const send = (message: PhoenixMessage): void => put({ type: 'send', data: frameOf(message) });
  const sendTo = (entry: Entry, message: PhoenixMessage): void => sockets.send(entry, frameOf(message));
  const nextRef = (): string => String(++lastRef);
  const pushes = createTabRequests<Entry, PhoenixMessage>({
    suspects,
    now: () => now,
    nextId: nextRef,
    send: ({ id, message }) => {
      send({ ...message, joinRef: channels.get(message.topic)?.ref ?? message.joinRef, ref: id });
      put({ type: 'count', what: 'sent', by: 1 });
    },
    isReady: ({ topic }) => channels.get(topic)?.ref !== '',
  });
  const topicKey = (topic: string): string => `topic ${topic}`;

  // ---- to the server: joins first, then pushes of joined topics

  const sendOn = (): void => {
    if (link === 'down') return;
    for (const [topic, channel] of channels)
      if (channel.state === 'waiting' && suspects.maySend(topicKey(topic), now)) sendJoin(topic, channel);
    pushes.sendWaiting();
  };

  const sendJoin = (topic: string, channel: Channel): void => {
    channel.ref = nextRef();
    channel.state = 'sent';
    suspects.sent(topicKey(topic), now);
    send({ ...channel.newest, joinRef: channel.ref, ref: channel.ref });
    if (suspects.isBusy) ping();
  };

  const ping = (): void => {
    // Before a tab has sent something, the version of the serializer is unknown.
    if (!shape) return put({ type: 'alive' });
    const ref = nextRef();
    pings.add(ref);
    send({ shape, joinRef: null, ref, topic: 'phoenix', event: 'heartbeat', payload: {} });
  };

  const end = (topic: string): void => void (channels.delete(topic) && suspects.forget(topicKey(topic)));
  /** All clients in the topic leave it: they join again after `phx_error`, and not after `phx_close`. */
  const expel = (topic: string, channel: Channel, event: 'phx_error' | 'phx_close'): void => {
    end(topic);
    for (const [entry, { joinRef }] of channel.members)
      sendTo(entry, { shape: channel.newest.shape, joinRef, ref: joinRef, topic, event, payload: {} });
  };

  const leave = (entry: Entry, topic: string): void => {
    const channel = channels.get(topic);
    if (!channel?.members.delete(entry) || channel.members.size > 0) return;
    end(topic);
    if (link === 'down' || channel.ref === '') return sendOn();
    send({ ...channel.newest, joinRef: channel.ref, ref: nextRef(), event: 'phx_leave', payload: {} });
    sendOn();
  };

  const leaveAll = (entry: Entry): void => {
    pushes.forget(entry);
    for (const topic of [...channels.keys()]) leave(entry, topic);
  };

  // ---- from tabs

  const onJoin = (entry: Entry, message: PhoenixMessage): void => {
    const { topic, joinRef } = message;
    const refusal = JSON.stringify([topic, message.payload]);
    // Clients join again and again after an error.
    if (entry.refused.has(refusal)) return sendTo(entry, replyTo(message, 'error', { reason: 'refused' }));
    const known = channels.get(topic);
    if (!known && channels.size >= MAX_TOPICS) return sendTo(entry, replyTo(message, 'error', { reason: OVER_LIMIT }));
    const before = known?.members.get(entry);
    const former = [...(known?.members ?? [])].find(([, { join }]) => join === known?.newest)?.[0];
    if (known?.state === 'sent' && former) replaced.set(known.ref, former);
    const channel = known ?? { members: new Map(), newest: message, ref: '', state: 'waiting', isRejoin: false };
    Object.assign(channel, { newest: message, state: 'waiting', isRejoin: false });
    channel.members.set(entry, { joinRef, join: message, answer: before?.answer });
    channels.set(topic, channel);
    sendOn();
  };

  const onPush = (entry: Entry, message: PhoenixMessage, size: number): void => {
    if (!pushes.add(entry, message, size)) {
      leaveAll(entry);
      return sockets.close(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    }
    sendOn();
  };

  const onSend = (entry: Entry, data: Frame): void => {
    const message = parseFromTab(data);
    if (!message) {
      leaveAll(entry);
      return sockets.close(entry, CLOSE_CODE.badFrame, 'no message of Phoenix');
    }
    if (message.shape !== 'binary') shape = message.shape;
    switch (message.event) {
      case 'heartbeat':
        // The worker maintains the connection. A client's own ping would wait while there is none.
        return message.topic === 'phoenix' ? sendTo(entry, replyTo(message, 'ok')) : undefined;
      case 'phx_join':
        return onJoin(entry, message);
      case 'phx_leave':
        leave(entry, message.topic);
        return sendTo(entry, replyTo(message, 'ok'));
      default:
        return onPush(entry, message, frameSize(data));
    }
  };

  const onOpen = (event: CodecEvent & { type: 'socket-open' }): void => {
    const former = sockets.of(event);
    if (former) leaveAll(former);
    const entry = sockets.add(event, { refused: new Set() });
    // The worker that knew its topics was stopped. The client connects again, and joins them.
    if (event.again !== null) return sockets.close(entry, ABNORMAL, '');
    if (link === 'up') sockets.admit(entry);
  };

  // ---- from the server

  /** The answer to a join, for each tab that waits for one. */
  const onJoined = (topic: string, channel: Channel, reply: PhoenixMessage): void => {
    const { isOk, response } = replyOf(reply);
    if (isOk) suspects.answered(topicKey(topic));
    const { isRejoin } = channel;
    Object.assign(channel, { state: 'joined', isRejoin: false });
    for (const [entry, member] of [...channel.members]) {
      const { join, joinRef, answer } = member;
      Object.assign(member, { join: undefined, answer: join ? response : answer });
      if (join) sendTo(entry, { ...reply, joinRef, ref: join.ref });
      else if (isOk) sockets.reportGap(entry);
      if (join && !isOk) channel.members.delete(entry);
      else if (!isOk || (isRejoin && answer !== response)) {
        channel.members.delete(entry);
        sendTo(entry, { shape: channel.newest.shape, joinRef, ref: joinRef, topic, event: 'phx_error', payload: {} });
      }
    }
    if (isRejoin && isOk) put({ type: 'count', what: 'resumed', by: 1 });
    if (!isOk) end(topic);
    sendOn();
  };

  /** The answer to a join that another tab's join followed at once. */
  const onReplaced = (entry: Entry, channel: Channel | undefined, reply: PhoenixMessage): void => {
    const member = channel?.members.get(entry);
    if (!channel || !member?.join) return;
    const { isOk, response } = replyOf(reply);
    sendTo(entry, { ...reply, joinRef: member.joinRef, ref: member.join.ref });
    Object.assign(member, { join: undefined, answer: response });
    if (!isOk) channel.members.delete(entry);
  };

  const onReply = (reply: PhoenixMessage): void => {
    const ref = reply.ref ?? '';
    const channel = channels.get(reply.topic);
    if (pings.delete(ref)) return onPong();
    if (channel?.ref === ref && channel.state === 'sent') return onJoined(reply.topic, channel, reply);
    const former = replaced.get(ref);
    if (former && replaced.delete(ref)) return onReplaced(former, channel, reply);
    const push = pushes.answered(ref);
    if (!push) return;
    sendTo(push.owner, { ...reply, joinRef: push.message.joinRef, ref: push.message.ref });
    sendOn();
  };

  const onPong = (): void => {
    if (probedAt !== undefined) put({ type: 'round-trip', ms: Math.max(0, now - probedAt) });
    probedAt = undefined;
    if (pings.size === 0) suspects.passed();
    sendOn();
  };

  const onFrame = (data: Frame): void => {
    const message = parseFromServer(data);
    if (!message) return put({ type: 'violated' });
    put({ type: 'count', what: 'received', by: 1 });
    if (message.event === REPLY) return onReply(message);
    const { topic, event } = message;
    const channel = channels.get(topic);
    const ref = message.joinRef ?? (isEnd(event) ? message.ref : null);
    // A replaced join ends with a message of its own.
    if (!channel || (ref !== null && ref !== channel.ref)) return;
    if (isEnd(event)) return expel(topic, channel, event === 'phx_close' ? 'phx_close' : 'phx_error');
    for (const [entry, { joinRef, join }] of channel.members)
      if (!join) sockets.send(entry, message.joinRef === null ? data : frameOf({ ...message, joinRef }));
  };

  const onOpened = (): void => {
    link = 'up';
    put({ type: 'greeted' });
    for (const entry of sockets.all()) if (entry.state === 'waiting') sockets.admit(entry);
    for (const channel of channels.values()) Object.assign(channel, { state: 'waiting', ref: '', isRejoin: wasUp });
    wasUp = true;
    sendOn();
  };

  /** The topic whose join the server closes on: its newest joiner gets the refusal, and the others join again. */
  const refuse = (topic: string, channel: Channel, code: number): void => {
    const { newest } = channel;
    for (const [entry, { join }] of channel.members) {
      if (join !== newest) continue;
      channel.members.delete(entry);
      entry.refused.add(JSON.stringify([topic, newest.payload]));
      sendTo(entry, replyTo(newest, 'error', refusedWith(code)));
    }
    expel(topic, channel, 'phx_error');
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    link = 'down';
    probedAt = undefined;
    pings.clear();
    replaced.clear();
    const { guilty = '' } = suspects.closed(code, isLocal, now);
    for (const [topic, channel] of [...channels]) if (topicKey(topic) === guilty) refuse(topic, channel, code);
    for (const { id, owner, message } of pushes.closed())
      sendTo(owner, replyTo(message, 'error', id === guilty ? refusedWith(code) : LOST));
  };

  const onProbe = (): void => {
    pushes.expire();
    probedAt = now;
    ping();
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
        for (const each of [channels, pushes, replaced]) each.clear();
        suspects.clear();
        wasUp = false;
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

/** Phoenix channels (phoenix.js, Supabase Realtime). Pass it to `socketsWith`. */
export const phoenix: CodecKind = {
  name: 'phoenix',
  shares: 'frames',
  create: () => codecOf(build),
  closed: frameVerdict,
};
