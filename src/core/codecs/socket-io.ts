import { CLOSE_CODE } from '../../protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import { codecOf, keeperVerdict, type CodecEvent, type CodecKind, type Frame, type Put } from './codec.ts';
import { createTabSockets, OVER_LIMIT, type TabSocket } from './tab-sockets.ts';
import { credentialsOf, resumeTokenOf, parseResumeToken, type Membership } from './socket-io-memo.ts';
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
 * (https://socket.io/docs/v4/connection-state-recovery) a lost connection loses nothing. The codec repeats emits that wait
 * for an acknowledgement, so the server may get one twice, as with `retries`. Otherwise it closes each tab's socket.
 */

const ABNORMAL = 1006;
/** How often it is looked whether the server's pings still come. */
const LOOK_EVERY_MS = 10_000;

/** `joined` has the count of events that it heard, by namespace. */
type Own = { joined: Map<string, number>; asked: Set<string>; assemble: ReturnType<typeof createAssembler> };
type Entry = TabSocket & Own;

const build = (put: Put) => {
  const rooms = new Map<string, Membership>();
  const outgoing = createOutgoing<Entry>();
  /** Acknowledgements that the server waits for: the first tab to give one gives it. */
  const owed = new Set<string>();
  let handshake: Handshake | undefined;
  let link: 'down' | 'open' = 'down';
  let assemble = createAssembler();
  let heardAt = 0;
  const sockets = createTabSockets<Own>(put, {
    open: (event) => onOpen(event),
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => [...entry.joined.keys(), ...entry.asked].forEach((namespace) => leave(entry, namespace)),
  });

  const send = (packet: Packet): void => {
    for (const data of packetFrames(packet)) put({ type: 'send', data });
  };
  const sendTo = (entry: Entry, packet: Packet): void => {
    for (const data of packetFrames(packet)) sockets.send(entry, data);
  };
  const sendResumeToken = (entry: Entry): void => {
    // One that is ahead of what the server sends again would hear it twice.
    if ([...entry.joined].some(([namespace, heard]) => heard > (rooms.get(namespace)?.heard ?? 0))) return;
    sockets.sendResumeToken(entry, resumeTokenOf(rooms, entry.joined, outgoing.waitingOf(entry)));
  };
  const isIn = ({ joined, asked }: Entry, namespace: string): boolean => joined.has(namespace) || asked.has(namespace);

  // ---- namespaces

  const connect = (namespace: string, room: Membership): void => {
    if (link === 'down') return;
    room.state = 'asked';
    send(controlPacket(CONNECT, namespace, credentialsOf(room)));
  };

  const join = (entry: Entry, namespace: string, room: Membership): void => {
    entry.asked.delete(namespace);
    entry.joined.set(namespace, room.heard);
    sendTo(entry, controlPacket(CONNECT, namespace, JSON.stringify({ sid: room.sid })));
    sendResumeToken(entry);
  };

  const leave = (entry: Entry, namespace: string): void => {
    entry.joined.delete(namespace);
    entry.asked.delete(namespace);
    outgoing.drop(entry, namespace);
    if (sockets.all().some((other) => isIn(other, namespace)) || !rooms.delete(namespace)) return;
    if (link === 'open') send(controlPacket(DISCONNECT, namespace));
  };

  const expel = (entry: Entry, code = ABNORMAL, reason = ''): void => {
    for (const namespace of [...entry.joined.keys(), ...entry.asked]) leave(entry, namespace);
    sockets.close(entry, code, reason);
  };

  const onConnected = (namespace: string, body: string): void => {
    const room = rooms.get(namespace);
    const told = parseJson(body);
    if (!room || !isObject(told)) return;
    const pid = stringAt(told, 'pid');
    const isRecovered = pid !== undefined && pid === room.pid;
    Object.assign(room, { state: 'joined', sid: stringAt(told, 'sid') ?? '', pid });
    if (isRecovered) put({ type: 'count', what: 'resumed', by: 1 });
    else room.heard = 0;
    // Their clients connect anew, to be told that they are not recovered.
    const lost = isRecovered ? [] : sockets.all().filter(({ joined }) => joined.has(namespace));
    for (const entry of sockets.all()) if (entry.asked.has(namespace)) join(entry, namespace, room);
    lost.forEach((entry) => expel(entry));
    outgoing.flush(namespace).forEach(send);
  };

  /** The server will not have us there, or not any more. */
  const onExpelled = (packet: Packet): void => {
    const { namespace } = packet;
    rooms.delete(namespace);
    for (const entry of sockets.all()) {
      if (!isIn(entry, namespace)) continue;
      // A client that thinks it is in connects anew, to be told.
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
    const room = rooms.get(namespace);
    if (!room) return;
    if (id !== undefined) owed.add(`${namespace} ${id}`);
    // Those that want an acknowledgement are not kept by the server, and have no place in its history.
    const args = room.pid === undefined || id !== undefined ? undefined : parseJson(body);
    const offset: unknown = Array.isArray(args) ? args.at(-1) : undefined;
    const isCounted = typeof offset === 'string';
    if (isCounted) Object.assign(room, { offset, heard: room.heard + 1 });
    put({ type: 'count', what: 'received', by: 1 });
    for (const entry of sockets.all()) {
      const heard = entry.joined.get(namespace);
      if (heard === undefined || (isCounted && heard >= room.heard)) continue;
      sendTo(entry, packet);
      if (!isCounted) continue;
      entry.joined.set(namespace, room.heard);
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
    const told = parseHandshake(text);
    if (!told || link === 'open') return put({ type: 'violated' });
    link = 'open';
    handshake = told;
    put({ type: 'greeted', heartbeatMs: LOOK_EVERY_MS });
    for (const entry of sockets.all()) if (entry.state === 'waiting') welcome(entry, told);
    for (const [namespace, room] of rooms) connect(namespace, room);
  };

  const onFrame = (data: Frame, now: number): void => {
    heardAt = now;
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
    if (entry.joined.size === 0) sockets.send(entry, forTabs); // one that goes on has had it
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
    const known = rooms.get(namespace);
    if (entry.joined.has(namespace)) return;
    if (known?.state === 'joined') return join(entry, namespace, known);
    entry.asked.add(namespace);
    if (known) return;
    const auth = parseJson(body);
    const room: Membership = { state: 'asked', sid: '', auth: isObject(auth) ? auth : undefined, heard: 0 };
    rooms.set(namespace, room);
    connect(namespace, room);
  };

  const emit = (entry: Entry, packet: Packet): void => {
    const isUp = link === 'open' && rooms.get(packet.namespace)?.state === 'joined';
    const numbered = outgoing.add(entry, packet, isUp);
    if (!numbered) return expel(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    put({ type: 'count', what: 'sent', by: 1 });
    if (isUp) send(numbered);
    if (packet.id !== undefined) sendResumeToken(entry);
  };

  const onSend = (entry: Entry, data: Frame): void => {
    // Engine.IO's pong, close and no-op: the link's life is not the tabs' business.
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

  /** Whether it goes on where it was. Where the link is not, or not any more, a link goes that begins anew. */
  const resume = (entry: Entry, memo: string): boolean => {
    const { rooms: places, waiting } = parseResumeToken(memo);
    for (const [namespace, place] of places) {
      const known = rooms.get(namespace);
      // Without recovery another connection has another id, and the same (no) `pid`.
      if (known && known.sid !== place.sid) return false;
      entry.joined.set(namespace, place.heard);
      if (known && place.heard >= known.heard) continue;
      rooms.set(namespace, place);
      if (link === 'open') put({ type: 'redial', why: 'a tab is behind the link' });
    }
    for (const packet of waiting) if (entry.joined.has(packet.namespace)) emit(entry, packet);
    return places.length > 0;
  };

  const onClosed = (): void => {
    link = 'down';
    assemble = createAssembler();
    owed.clear();
    for (const room of rooms.values()) room.state = 'asked';
  };

  const handle = (event: CodecEvent, now: number): void => {
    switch (event.type) {
      case 'frame':
        return onFrame(event.data, now);
      case 'closed':
        return onClosed();
      case 'ended':
        rooms.clear();
        outgoing.clear();
        return sockets.closeAll(event.code, event.reason);
      case 'probe':
        return now <= heardAt + (handshake?.silentAfterMs ?? 0) ? put({ type: 'alive' }) : undefined;
      default:
        // `opened`: the server speaks first.
        return sockets.handle(event);
    }
  };

  return { listeners: sockets, handle };
};

/** Socket.IO protocol 5, as socket.io-client 4 speaks it. Pass it to `socketsWith`. */
export const socketIo: CodecKind = {
  name: 'socket.io',
  shares: 'frames',
  create: () => codecOf(build),
  closed: keeperVerdict,
};
