import {
  CLOSE_CODE,
  MAX_SUBSCRIPTIONS,
  MAX_TOPIC_LENGTH,
  parseServerFrame,
  SUBPROTOCOL,
  type ClientFrame,
  type ProfileIdentity,
  type ServerFrame,
} from '../../protocol/frames.ts';
import type { Cursor } from '../../protocol/cursor.ts';
import type { Problem } from '../../protocol/problem.ts';
import { codecOf, keeperVerdict, type CodecEvent, type CodecKind, type Protocol, type Put } from './codec.ts';
import { byteLength, type OutboxItem } from '../socket/outbox.ts';
import { createTopic, type Topic } from './topic-fanout.ts';

/** Before the server's greeting, the client sends only its own. */
type LinkState =
  | { state: 'down' }
  | { state: 'greeting'; since: number }
  | { state: 'up'; maxBytes: number; skewMs: number };

/**
 * Maximum bytes of publications without an acknowledgement. More of them wait here instead of in the socket's buffer,
 * where a probe or a renewed authorization would have to wait behind them.
 */
const WINDOW_BYTES = 65_536;

/** The server's reason as a problem for the sender of the message. */
const problemOfNak = (code: string): Problem =>
  code === 'too-big' || code === 'over-limit'
    ? { code: 'over-limit', detail: code }
    : { code: 'bad-message', detail: code };

const build = (put: Put, identity: ProfileIdentity): Protocol => {
  const topics = new Map<string, Topic>();
  let link: LinkState = { state: 'down' };
  let requests = 0;
  /** Presence states as JSON, by topic and by tab. The server receives the newest one. */
  const presences = new Map<string, Map<string, string>>();
  /** Topics that the server has confirmed on this link. */
  const confirmed = new Set<string>();
  /** Publications as frames that are not sent yet, and the sizes of those that have no acknowledgement yet. */
  let waiting: { id: string; frame: string; bytes: number }[] = [];
  const unanswered = new Map<string, number>();

  const send = (frame: ClientFrame): void => put({ type: 'send', data: JSON.stringify(frame) });

  const topicOf = (name: string): Topic => {
    const known = topics.get(name);
    if (known) return known;
    const topic = createTopic(name, {
      send: (tab, frame) => put({ type: 'toTab', tab, frame }),
      subscribe: (from) => {
        send(['sub', ++requests, name, from]);
        return requests;
      },
      lost: (by) => put({ type: 'count', what: 'lost', by }),
    });
    topics.set(name, topic);
    if (link.state === 'up') topic.connected();
    return topic;
  };

  const join = (tab: string, name: string, cursor: Cursor | null): void => {
    const isTooMuch = name.length > MAX_TOPIC_LENGTH || (topics.size >= MAX_SUBSCRIPTIONS && !topics.has(name));
    if (isTooMuch) put({ type: 'ignored', what: 'topic over limit' });
    else topicOf(name).join(tab, cursor);
  };

  const leave = (tab: string, name: string, soonBack = false): void => {
    const topic = topics.get(name);
    topic?.leave(tab);
    const wasPresent = presences.get(name)?.delete(tab) === true;
    if (topic?.listeners !== 0) return wasPresent ? attend(name) : undefined;
    topics.delete(name);
    presences.delete(name);
    confirmed.delete(name);
    if (link.state === 'up') send(soonBack ? ['unsub', name, true] : ['unsub', name]);
  };

  /** Sends this browser profile's presence. The server answers with the list of members. */
  const attend = (name: string): void => {
    const states = presences.get(name);
    if (!states || !confirmed.has(name)) return;
    put({ type: 'send', data: `["who",${JSON.stringify(name)},${[...states.values()].at(-1) ?? 'null'}]` });
    if (states.size === 0) presences.delete(name);
  };

  const present = (tab: string, name: string, state: string): void => {
    if (!topics.has(name)) return;
    const states = presences.get(name) ?? new Map<string, string>();
    states.delete(tab);
    presences.set(name, states.set(tab, state));
    attend(name);
  };

  const onOk = (name: string, request: number, at: Cursor, resumed: boolean): void => {
    topics.get(name)?.onOk(request, at, resumed);
    if (confirmed.has(name)) return;
    confirmed.add(name);
    attend(name);
  };

  const onHere = (name: string, hosts: readonly string[], states: readonly unknown[] = []): void => {
    const members = hosts.map((id, index) => ({ id, self: id === identity.host, state: states[index] ?? null }));
    for (const tab of presences.get(name)?.keys() ?? [])
      put({ type: 'toTab', tab, frame: { type: 'here', topic: name, members } });
  };

  const settle = (
    id: string,
    frame: { type: 'acked'; offset: number } | { type: 'refused'; problem: Problem },
  ): void => {
    put({ type: 'settled', id });
    put({ type: 'toTab', frame: { ...frame, id } });
    unanswered.delete(id);
    sendOn();
  };

  const sendOn = (): void => {
    let underway = [...unanswered.values()].reduce((sum, bytes) => sum + bytes, 0);
    while (waiting[0] && (underway === 0 || underway + waiting[0].bytes <= WINDOW_BYTES)) {
      const { id, frame, bytes } = waiting[0];
      waiting.shift();
      unanswered.set(id, bytes);
      underway += bytes;
      put({ type: 'send', data: frame });
    }
  };

  const publish = ({ id, topic, json }: OutboxItem): void => {
    if (link.state !== 'up') return;
    const frame = `["pub",${JSON.stringify(id)},${JSON.stringify(topic)},${json}]`;
    const bytes = byteLength(frame);
    if (bytes > link.maxBytes) return settle(id, { type: 'refused', problem: problemOfNak('too-big') });
    waiting.push({ id, frame, bytes });
    sendOn();
  };

  const onHello = (hello: (ServerFrame & readonly ['hello', unknown])[1], now: number): void => {
    if (link.state !== 'greeting') return;
    put({ type: 'round-trip', ms: now - link.since });
    link = { state: 'up', maxBytes: hello.maxBytes, skewMs: hello.now - now };
    if (hello.resumed) put({ type: 'count', what: 'resumed', by: 1 });
    put({
      type: 'greeted',
      heartbeatMs: hello.heartbeatMs,
      windowMs: hello.windowMs,
      expiresInMs: hello.expiresAt - hello.now,
    });
    for (const topic of topics.values()) topic.connected();
  };

  const onFrame = (text: string, now: number): void => {
    const frame = parseServerFrame(text);
    if (frame === undefined) return put({ type: 'violated' });
    if (frame === 'unknown') return;
    if (frame[0] === 'hello') return onHello(frame[1], now);
    if (link.state !== 'up') return;
    switch (frame[0]) {
      case 'ok':
        return onOk(frame[2], frame[1], frame[3], frame[4]);
      case 'ev':
        if (topics.get(frame[1])?.onEvent(frame[2], frame[3], frame[4], text.length))
          put({ type: 'count', what: 'received', by: 1 });
        return;
      case 'here':
        return onHere(frame[1], frame[2], frame[3]);
      case 'gap':
        return topics.get(frame[1])?.onGap(frame[2], frame[4]);
      case 'ack':
        put({ type: 'count', what: 'sent', by: 1 });
        return settle(frame[1], { type: 'acked', offset: frame[2] });
      case 'nak':
        return settle(frame[1], { type: 'refused', problem: problemOfNak(frame[2]) });
      case 'authok':
        return put({ type: 'renewed', expiresInMs: frame[1] - now - link.skewMs });
      case 'p':
        return send(['q', frame[1]]);
      case 'q':
        return put({ type: 'round-trip', ms: Math.max(0, now - frame[1]) });
      case 'drain':
        return put({ type: 'draining', ms: frame[1] });
    }
  };

  const onClosed = (code: number): void => {
    link = { state: 'down' };
    waiting = [];
    unanswered.clear();
    confirmed.clear();
    for (const topic of topics.values()) {
      topic.disconnected();
      if (code === CLOSE_CODE.historyGone) topic.abandon();
    }
  };

  const handle = (event: CodecEvent, now: number): void => {
    switch (event.type) {
      case 'opened':
        link = { state: 'greeting', since: now };
        return send(['hi', identity]);
      case 'frame':
        return typeof event.data === 'string' ? onFrame(event.data, now) : put({ type: 'violated' });
      case 'closed':
        return onClosed(event.code);
      case 'forget':
        for (const topic of topics.values()) topic.forget();
        presences.clear();
        return;
      case 'probe':
        return send(['p', now]);
      case 'renew':
        return send(['auth', event.ticket]);
      case 'publish':
        return publish(event.item);
      case 'join':
        return join(event.tab, event.topic, event.cursor);
      case 'leave':
        return leave(event.tab, event.topic);
      case 'present':
        return present(event.tab, event.topic, event.state);
      case 'absent':
        return presences.get(event.topic)?.delete(event.tab) ? attend(event.topic) : undefined;
      case 'tab-left':
        for (const name of [...topics.keys()]) leave(event.tab, name, true);
        return;
      default:
        // After `ended` the topics keep their listeners. This protocol has no sockets of tabs.
        return;
    }
  };

  return { listeners: topics, handle };
};

/** Session Keeper's own protocol: topics with offsets, publications with acknowledgements (`protocol/frames.ts`). */
export const keeper1: CodecKind = {
  name: 'keeper.1',
  subprotocol: SUBPROTOCOL,
  shares: 'topics',
  create: (identity) => codecOf((put) => build(put, identity)),
  closed: keeperVerdict,
};
