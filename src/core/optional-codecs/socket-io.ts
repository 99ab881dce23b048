import { CLOSE_CODE } from '../../protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import { codecOf, keeperVerdict, type CodecEvent, type CodecKind, type Frame, type Put } from '../codecs/codec.ts';
import { createTabSockets, OVER_LIMIT, type TabSocket } from '../codecs/tab-sockets.ts';
import { resumeTokenOf, parseResumeToken, type Membership } from './socket-io-resume-token.ts';
import { createOutgoing } from './socket-io-outgoing.ts';
import {
  ACK,
  BINARY_ACK,
  CONNECT,
  CONNECT_ERROR,
  controlPacket,
  createAssembler,
  DISCONNECT,
  packetFrames,
  parseHandshake,
  type Handshake,
  type Packet,
} from './socket-io-packet.ts';

/*
 * Socket.IO 4 over its WebSocket transport. All tabs are one socket of the server, in each namespace. Each tab receives
 * what the server emits; an acknowledgement goes to the tab that waits for it. With connection state recovery
 * (https://socket.io/docs/v4/connection-state-recovery) a lost connection costs nothing. The codec repeats emits
 * without an acknowledgement, so the server may get one twice, as with `retries`. Otherwise it closes each tab's socket.
 *
 * Long because a reader follows one protocol from top to bottom.
 */

const ABNORMAL = 1006;
/** How often the worker checks that the server's pings still arrive. */
const LOOK_EVERY_MS = 10_000;

/** `joined`: the number of events with an offset that the tab received, by namespace. */
type Own = { joined: Map<string, number>; asked: Set<string>; assemble: ReturnType<typeof createAssembler> };
type Entry = TabSocket & Own;

const build = (put: Put) => {
  const memberships = new Map<string, Membership>();
  /** Acknowledgements that the server waits for. The first tab's one is sent. */
  const owed = new Set<string>();
  let handshake: Handshake | undefined;
  let link: 'down' | 'open' = 'down';
  let assemble = createAssembler();
  let receivedAt = 0;
  let now = 0;
  const sockets = createTabSockets<Own>(put, {
    open: (event) => onOpen(event),
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => leaveAll(entry),
  });

  const send = (packet: Packet): void => {
    for (const data of packetFrames(packet)) put({ type: 'send', data });
  };
  const outgoing = createOutgoing<Entry>({ memberships, send, now: () => now });
  const sendTo = (entry: Entry, packet: Packet): void => {
    for (const data of packetFrames(packet)) sockets.send(entry, data);
  };
  const sendResumeToken = (entry: Entry): void => {
    // A tab that is ahead of the recovered connection would receive the repeated events twice.
    if ([...entry.joined].some(([namespace, count]) => count > (memberships.get(namespace)?.received ?? 0))) return;
    sockets.sendResumeToken(entry, resumeTokenOf(memberships, entry.joined, outgoing.waitingOf(entry)));
  };
  const isIn = ({ joined, asked }: Entry, namespace: string): boolean => joined.has(namespace) || asked.has(namespace);

  // ---- namespaces

  const connect = (namespace: string, membership: Membership): void => {
    if (link === 'down') return;
    membership.state = 'asked';
    outgoing.connect(namespace);
  };

  const join = (entry: Entry, namespace: string, membership: Membership): void => {
    entry.asked.delete(namespace);
    entry.joined.set(namespace, membership.received);
    sendTo(entry, controlPacket(CONNECT, namespace, JSON.stringify({ sid: membership.sid })));
    sendResumeToken(entry);
  };

  const leave = (entry: Entry, namespace: string): void => {
    entry.joined.delete(namespace);
    entry.asked.delete(namespace);
    outgoing.leave(entry, namespace);
    if (sockets.all().some((other) => isIn(other, namespace)) || !memberships.delete(namespace)) return;
    if (outgoing.forgetNamespace(namespace)) send(controlPacket(DISCONNECT, namespace));
  };

  const leaveAll = (entry: Entry): void => {
    for (const namespace of [...entry.joined.keys(), ...entry.asked]) leave(entry, namespace);
    outgoing.forget(entry);
    outgoing.sendWaiting();
  };

  const expel = (entry: Entry, code = ABNORMAL, reason = ''): void => {
    leaveAll(entry);
    sockets.close(entry, code, reason);
  };

  const onConnected = (namespace: string, body: string): void => {
    const membership = memberships.get(namespace);
    const reply = parseJson(body);
    if (!membership || !isObject(reply)) return;
    const pid = stringAt(reply, 'pid');
    const isRecovered = pid !== undefined && pid === membership.pid;
    Object.assign(membership, { state: 'joined', sid: stringAt(reply, 'sid') ?? '', pid });
    if (isRecovered) put({ type: 'count', what: 'resumed', by: 1 });
    else membership.received = 0;
    // These clients connect again and see that they are not recovered.
    const lost = isRecovered ? [] : sockets.all().filter(({ joined }) => joined.has(namespace));
    for (const entry of sockets.all()) if (entry.asked.has(namespace)) join(entry, namespace, membership);
    lost.forEach((entry) => expel(entry));
    outgoing.joined(namespace);
  };

  /** The server refused the namespace, or removed the socket from it. */
  const onExpelled = (packet: Packet): void => {
    const { namespace } = packet;
    memberships.delete(namespace);
    outgoing.forgetNamespace(namespace);
    for (const entry of sockets.all()) {
      if (!isIn(entry, namespace)) continue;
      // A client that is connected to it gets a closed socket. It connects again and receives the error.
      if (packet.type === CONNECT_ERROR && entry.joined.has(namespace)) expel(entry);
      else {
        sendTo(entry, packet);
        leave(entry, namespace);
        sendResumeToken(entry);
      }
    }
  };

  // ---- from the server

  const onEvent = (packet: Packet): void => {
    const { namespace, id, body } = packet;
    const membership = memberships.get(namespace);
    if (!membership) return;
    if (id !== undefined) owed.add(`${namespace} ${id}`);
    // The server does not keep events with an acknowledgement, so they have no offset.
    const args = membership.pid === undefined || id !== undefined ? undefined : parseJson(body);
    const offset: unknown = Array.isArray(args) ? args.at(-1) : undefined;
    const isCounted = typeof offset === 'string';
    if (isCounted) Object.assign(membership, { offset, received: membership.received + 1 });
    put({ type: 'count', what: 'received', by: 1 });
    for (const entry of sockets.all()) {
      const received = entry.joined.get(namespace);
      if (received === undefined || (isCounted && received >= membership.received)) continue;
      sendTo(entry, packet);
      if (!isCounted) continue;
      entry.joined.set(namespace, membership.received);
      sendResumeToken(entry);
    }
  };

  const onAcknowledged = (packet: Packet): void => {
    const out = outgoing.settle(Number(packet.id));
    if (!out) return;
    sendTo(out.owner, { ...packet, id: out.id });
    sendResumeToken(out.owner);
  };

  const onPacket = (packet: Packet): void => {
    switch (packet.type) {
      case CONNECT:
        return onConnected(packet.namespace, packet.body);
      case DISCONNECT:
      case CONNECT_ERROR:
        return onExpelled(packet);
      case ACK:
      case BINARY_ACK:
        return onAcknowledged(packet);
      default:
        return onEvent(packet);
    }
  };

  const onHandshake = (text: string): void => {
    const opened = parseHandshake(text);
    if (!opened || link === 'open') return put({ type: 'violated' });
    link = 'open';
    outgoing.opened();
    handshake = opened;
    put({ type: 'greeted', heartbeatMs: LOOK_EVERY_MS });
    for (const entry of sockets.all()) if (entry.state === 'waiting') welcome(entry, opened);
    for (const [namespace, membership] of memberships) connect(namespace, membership);
  };

  const onFrame = (data: Frame): void => {
    receivedAt = now;
    if (data === '2') {
      put({ type: 'send', data: '3' });
      return sockets.all().forEach((entry) => sockets.send(entry, data));
    }
    if (typeof data === 'string' && data.startsWith('0')) return onHandshake(data);
    if (data === '1' || data === '6') return;
    const packet = assemble(data);
    if (packet === 'violated') put({ type: 'violated' });
    else if (packet) onPacket(packet);
  };

  // ---- from tabs

  const welcome = (entry: Entry, { forTabs }: Handshake): void => {
    sockets.admit(entry);
    if (entry.joined.size === 0) sockets.send(entry, forTabs); // a resumed socket has received it already
  };

  const onTabPacket = (entry: Entry, packet: Packet): void => {
    const { namespace } = packet;
    switch (packet.type) {
      case CONNECT:
        return onConnect(entry, packet);
      case DISCONNECT:
        leave(entry, namespace);
        return sendResumeToken(entry);
      case ACK:
      case BINARY_ACK:
        return owed.delete(`${namespace} ${packet.id}`) ? send(packet) : undefined;
      default:
        return entry.joined.has(namespace) ? emit(entry, packet) : undefined;
    }
  };

  const onConnect = (entry: Entry, { namespace, body }: Packet): void => {
    const known = memberships.get(namespace);
    if (entry.joined.has(namespace)) return;
    if (known?.state === 'joined') return join(entry, namespace, known);
    entry.asked.add(namespace);
    if (known) return;
    const auth = parseJson(body);
    const membership: Membership = { state: 'asked', sid: '', auth: isObject(auth) ? auth : undefined, received: 0 };
    memberships.set(namespace, membership);
    connect(namespace, membership);
  };

  const emit = (entry: Entry, packet: Packet): void => {
    if (!outgoing.emit(entry, packet)) return expel(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    put({ type: 'count', what: 'sent', by: 1 });
    if (packet.id !== undefined) sendResumeToken(entry);
  };

  const onSend = (entry: Entry, data: Frame): void => {
    // Engine.IO's pong, close and no-op. The worker alone maintains the connection.
    if (data === '3' || data === '1' || data === '6') return;
    const packet = entry.assemble(data);
    if (packet === 'violated') expel(entry, CLOSE_CODE.badFrame);
    else if (packet) onTabPacket(entry, packet);
  };

  const onOpen = (event: CodecEvent & { type: 'socket-open' }): void => {
    const entry = sockets.add(event, { joined: new Map(), asked: new Set(), assemble: createAssembler() });
    if (event.again !== null && !resume(entry, event.again)) return expel(entry);
    if (link === 'open' && handshake) welcome(entry, handshake);
  };

  /** Whether the socket continues where it was. If the tab is behind the connection, the connection is opened again. */
  const resume = (entry: Entry, token: string): boolean => {
    const { memberships: former, waiting } = parseResumeToken(token);
    for (const [namespace, membership] of former) {
      const known = memberships.get(namespace);
      // Without recovery, a new connection has another `sid`.
      if (known && known.sid !== membership.sid) return false;
      entry.joined.set(namespace, membership.received);
      if (known && membership.received >= known.received) continue;
      memberships.set(namespace, membership);
      if (link === 'open') put({ type: 'redial', why: 'a tab is behind the link' });
    }
    for (const packet of waiting) if (entry.joined.has(packet.namespace)) emit(entry, packet);
    return former.length > 0;
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    link = 'down';
    assemble = createAssembler();
    owed.clear();
    for (const membership of memberships.values()) membership.state = 'asked';
    // Only the sender of the message that the server blames notices: its socket closes.
    const blame = outgoing.closed(code, isLocal);
    for (const entry of sockets.all()) {
      const isBlamed =
        blame.type === 'owner' ? blame.owner === entry : blame.type === 'namespace' && isIn(entry, blame.namespace);
      if (isBlamed) expel(entry, code);
    }
  };

  const handle = (event: CodecEvent, at: number): void => {
    now = at;
    switch (event.type) {
      case 'frame':
        return onFrame(event.data);
      case 'closed':
        return onClosed(event.code, event.local === true);
      case 'ended':
        memberships.clear();
        outgoing.clear();
        return sockets.closeAll(event.code, event.reason, event.wasClean);
      case 'wake':
        return outgoing.sendWaiting();
      case 'probe':
        return now <= receivedAt + (handshake?.silentAfterMs ?? 0) ? put({ type: 'alive' }) : undefined;
      default:
        // `opened`: the server speaks first.
        return sockets.handle(event);
    }
  };

  return { listeners: sockets, handle, wakeAt: outgoing.wakeAt };
};

/** Socket.IO protocol 5, as socket.io-client 4 speaks it. Pass it to `socketsWith`. */
export const socketIo: CodecKind = {
  name: 'socket.io',
  shares: 'frames',
  create: () => codecOf(build),
  // Clients of this protocol ignore close codes. A worker of another version has no part in it.
  closed: (code, reason) => (code === CLOSE_CODE.superseded ? { type: 'redial' } : keeperVerdict(code, reason)),
};
