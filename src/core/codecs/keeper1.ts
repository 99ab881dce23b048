import {
  CLOSE_CODE,
  parseServerFrame,
  SUBPROTOCOL,
  type ClientFrame,
  type Hello,
  type ProfileIdentity,
} from '../../protocol/frames.ts';
import type { Cursor } from '../../protocol/cursor.ts';
import type { Problem } from '../../protocol/problem.ts';
import { codecOf, keeperVerdict, type CodecEvent, type CodecKind, type Protocol, type Put } from './codec.ts';
import { byteLength, type OutboxItem } from '../socket/outbox.ts';
import { createOutgoingFrames, type Guilty } from '../socket/outgoing-frames.ts';
import { problemOfTopic } from '../../protocol/topic-name.ts';
import { createTopic, type Topic } from './topic-fanout.ts';

/** Before the server's greeting, the client sends only its own. */
type LinkState =
  | { state: 'down' }
  | { state: 'greeting'; since: number }
  | { state: 'up'; hello: Hello; skewMs: number };

/** Topics that the server closed the connection on. A page that joins one again must not end the connection again. */
const MAX_REFUSED_TOPICS = 256;

const messageTooLong = (max?: number): Problem => ({ code: 'over-limit', detail: 'message-bytes', max });

/** The server's reason as a problem for the sender of the message. */
const problemOfNak = (code: string, { maxBytes }: Hello): Problem => {
  if (code === 'too-big') return messageTooLong(maxBytes);
  return { code: code === 'over-limit' ? code : 'bad-message', detail: code };
};

/** A message on which the server closed the connection. */
const problemOfBlame = (code: number): Problem =>
  code === CLOSE_CODE.tooBig ? messageTooLong() : { code: 'bad-message', detail: `closed with ${code}` };

const build = (put: Put, identity: ProfileIdentity): Protocol => {
  const topics = new Map<string, Topic>();
  let link: LinkState = { state: 'down' };
  let requests = 0;
  let now = 0;
  /** Presence states as JSON, by topic and by tab. The server receives the newest one. */
  const presences = new Map<string, Map<string, string>>();
  /** Topics that the server has confirmed on this link. */
  const confirmed = new Set<string>();
  const refused = new Map<string, Problem>();
  const outgoing = createOutgoingFrames({
    send: (data) => put({ type: 'send', data }),
    isUp: () => link.state === 'up',
    now: () => now,
  });

  const send = (frame: ClientFrame): void => put({ type: 'send', data: JSON.stringify(frame) });

  /** Returns whether the server knows of the subscription. */
  const forgetTopic = (name: string): boolean => {
    topics.delete(name);
    presences.delete(name);
    const wasConfirmed = confirmed.delete(name);
    return outgoing.forgetTopic(name) || wasConfirmed;
  };

  const topicOf = (name: string): Topic => {
    const known = topics.get(name);
    if (known) return known;
    const topic = createTopic(name, {
      send: (tab, frame) => put({ type: 'toTab', tab, frame }),
      subscribe: (from) => {
        outgoing.query('sub', name, JSON.stringify(['sub', ++requests, name, from] satisfies ClientFrame));
        return requests;
      },
      lost: (by) => put({ type: 'count', what: 'lost', by }),
    });
    topics.set(name, topic);
    if (link.state === 'up') topic.connected();
    return topic;
  };

  const refuseTab = (tab: string | undefined, topic: string, problem: Problem): void => {
    put({ type: 'note', what: 'topic refused', detail: problem.code });
    put({ type: 'toTab', tab, frame: { type: 'topic-refused', topic, problem } });
  };

  /** Why the server would close the connection if a subscription to this topic followed `others` topics. */
  const overLimit = (name: string, others: number): Problem | undefined => {
    const problem = problemOfTopic(name);
    if (problem || link.state !== 'up') return problem;
    const { maxTopicLength, maxTopics } = link.hello;
    if (name.length > maxTopicLength) return { code: 'over-limit', detail: 'topic-length', max: maxTopicLength };
    return others < maxTopics ? undefined : { code: 'over-limit', detail: 'topics', max: maxTopics };
  };

  const join = (tab: string, name: string, cursor: Cursor | null): void => {
    const problem = refused.get(name) ?? (topics.has(name) ? undefined : overLimit(name, topics.size));
    if (problem) refuseTab(tab, name, problem);
    else topicOf(name).join(tab, cursor);
  };

  const leave = (tab: string, name: string, soonBack = false): void => {
    const topic = topics.get(name);
    topic?.leave(tab);
    const wasPresent = presences.get(name)?.delete(tab) === true;
    if (topic?.listeners !== 0) return wasPresent ? attend(name) : undefined;
    if (forgetTopic(name)) send(soonBack ? ['unsub', name, true] : ['unsub', name]);
  };

  /** Sends this browser profile's presence. The server answers with the list of members. */
  const attend = (name: string): void => {
    const states = presences.get(name);
    if (!states || !confirmed.has(name)) return;
    outgoing.query('who', name, `["who",${JSON.stringify(name)},${[...states.values()].at(-1) ?? 'null'}]`);
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
    if (!confirmed.has(name)) {
      confirmed.add(name);
      attend(name);
    }
    outgoing.answered('sub', name);
  };

  const onHere = (name: string, hosts: readonly string[], states: readonly unknown[] = []): void => {
    const members = hosts.map((id, index) => ({ id, self: id === identity.host, state: states[index] ?? null }));
    for (const tab of presences.get(name)?.keys() ?? [])
      put({ type: 'toTab', tab, frame: { type: 'here', topic: name, members } });
    outgoing.answered('who', name);
  };

  const settle = (
    id: string,
    frame: { type: 'acked'; offset: number } | { type: 'refused'; problem: Problem },
  ): void => {
    put({ type: 'settled', id });
    put({ type: 'toTab', frame: { ...frame, id } });
    outgoing.settled(id);
  };

  const publish = ({ id, topic, json }: OutboxItem): void => {
    if (link.state !== 'up') return;
    const { maxBytes, maxTopicLength } = link.hello;
    if (topic.length > maxTopicLength)
      return settle(id, {
        type: 'refused',
        problem: { code: 'over-limit', detail: 'topic-length', max: maxTopicLength },
      });
    const frame = `["pub",${JSON.stringify(id)},${JSON.stringify(topic)},${json}]`;
    const bytes = byteLength(frame);
    if (bytes > maxBytes) return settle(id, { type: 'refused', problem: messageTooLong(maxBytes) });
    outgoing.publish(id, frame, bytes);
  };

  const refuseTopic = (name: string, problem: Problem): void => {
    forgetTopic(name);
    refuseTab(undefined, name, problem);
  };

  /** The server states its bounds only now, so some of the topics may exceed them. The newest ones give way. */
  const keepBounds = (): void => {
    let kept = 0;
    for (const name of [...topics.keys()]) {
      const problem = overLimit(name, kept);
      if (problem) refuseTopic(name, problem);
      else kept += 1;
    }
  };

  const onHello = (hello: Hello): void => {
    if (link.state !== 'greeting') return;
    put({ type: 'round-trip', ms: now - link.since });
    link = { state: 'up', hello, skewMs: hello.now - now };
    if (hello.resumed) put({ type: 'count', what: 'resumed', by: 1 });
    keepBounds();
    for (const topic of topics.values()) topic.connected();
    put({
      type: 'greeted',
      heartbeatMs: hello.heartbeatMs,
      windowMs: hello.windowMs,
      expiresInMs: hello.expiresAt - hello.now,
    });
  };

  const onFrame = (text: string): void => {
    const frame = parseServerFrame(text);
    if (frame === undefined) return put({ type: 'violated' });
    if (frame === 'unknown') return;
    if (frame[0] === 'hello') return onHello(frame[1]);
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
      case 'fork':
        return topics.get(frame[1])?.onFork(frame[2], frame[3], frame[4]);
      case 'ack':
        put({ type: 'count', what: 'sent', by: 1 });
        return settle(frame[1], { type: 'acked', offset: frame[2] });
      case 'nak':
        return settle(frame[1], { type: 'refused', problem: problemOfNak(frame[2], link.hello) });
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

  /** The only message that can have made the server close is refused to its own sender. */
  const blame = ({ kind, name }: Guilty, code: number): void => {
    const problem = problemOfBlame(code);
    put({ type: 'note', what: 'message refused', detail: `${kind} ${code}` });
    if (kind === 'pub') return settle(name, { type: 'refused', problem });
    if (refused.size < MAX_REFUSED_TOPICS) refused.set(name, problem);
    refuseTopic(name, problem);
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    link = { state: 'down' };
    confirmed.clear();
    const guilty = outgoing.closed(code, isLocal);
    if (guilty) blame(guilty, code);
    for (const topic of topics.values()) {
      topic.disconnected();
      if (code === CLOSE_CODE.historyGone) topic.abandon();
    }
  };

  const handle = (event: CodecEvent, at: number): void => {
    now = at;
    switch (event.type) {
      case 'opened':
        link = { state: 'greeting', since: now };
        return send(['hi', identity]);
      case 'frame':
        return typeof event.data === 'string' ? onFrame(event.data) : put({ type: 'violated' });
      case 'closed':
        return onClosed(event.code, event.local === true);
      case 'forget':
        for (const topic of topics.values()) topic.forget();
        presences.clear();
        refused.clear();
        outgoing.clear();
        return;
      case 'wake':
        return outgoing.sendOn();
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

  return { listeners: topics, handle, wakeAt: outgoing.wakeAt };
};

/** Session Keeper's own protocol: topics with offsets, publications with acknowledgements (`protocol/frames.ts`). */
export const keeper1: CodecKind = {
  name: 'keeper.1',
  subprotocol: SUBPROTOCOL,
  shares: 'topics',
  create: (identity) => codecOf((put) => build(put, identity)),
  closed: keeperVerdict,
};
