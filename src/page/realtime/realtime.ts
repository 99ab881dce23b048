import type { TabIntro, KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import { createChannels } from './channels.ts';
import { KeeperSocket } from './keeper-socket.ts';
import { REALTIME_FRAME } from '../../protocol/bridge/realtime-frames.ts';
import type { SocketBatch } from '../../protocol/bridge/port-frames.ts';
import { createSocketHub, type Post, type SocketHub } from './socket-hub.ts';
import type { Channel, ChannelOptions } from '../types/channel-types.ts';
import type { SocketClass } from '../types/types.ts';

/** The page's side of the shared socket: a module of its own, loaded in parallel with the registration. */
export type Realtime = {
  /** What this page listens to and how far it has read, for a greeting. */
  topics(): TabIntro['topics'];
  /** A new port takes messages. The host has not answered on it yet. */
  portOpened(): void;
  /** A host has answered on it. */
  welcomed(): void;
  /** An unchecked frame. */
  receive(frame: unknown): void;
  receiveBatch(batch: SocketBatch): void;
  /** The current session: drops events of a former user. */
  updateSession(session: SessionView): void;
  channel(topic: string, options?: ChannelOptions): Channel;
  /** `target` is the class that was called, where that is one below the page's own. */
  socket(url: string | URL, protocols?: string | string[], target?: SocketClass): WebSocket;
  /** The page gets another session: ends its sockets, and drops what it has read and not sent of the former one. */
  switchSession(): void;
  /** The page is hidden or goes away, so publications wait for no earlier call. */
  hurry(isHurried: boolean): void;
  close(): void;
};

/** Of the document: sockets that a page creates before it is connected wait here. */
const hub = createSocketHub();

const CONSTANT = { enumerable: true, configurable: false, writable: false };

/** What `new` was called with. */
export type SocketRequest = {
  url: string | URL;
  protocols: string | string[] | undefined;
  target: SocketClass;
};

/** Gives the public class the shape of the interface: own members, and `EventTarget` above it. */
export const prepare = (face: SocketClass): void => {
  Object.setPrototypeOf(face, EventTarget);
  Object.setPrototypeOf(face.prototype, EventTarget.prototype);
  Object.defineProperty(face, 'name', { value: 'WebSocket', configurable: true });
  Object.defineProperty(face.prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true });
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(KeeperSocket.prototype)))
    if (name !== 'constructor') Object.defineProperty(face.prototype, name, descriptor);
  for (const [value, name] of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].entries())
    for (const holder of [face, face.prototype]) Object.defineProperty(holder, name, { ...CONSTANT, value });
};

/** `undefined` and none at all are not the same to WebIDL, but both mean no subprotocol. */
const createSocket = ({ url, protocols, target }: SocketRequest): KeeperSocket =>
  Reflect.construct<[SocketHub, string | URL, (string | string[] | undefined)?], KeeperSocket>(
    KeeperSocket,
    [hub, url, protocols],
    target,
  );

/** For a page that is not connected yet: the socket connects when the page does. */
export const createEarlySocket = (face: SocketClass, request: SocketRequest): WebSocket => {
  prepare(face);
  return createSocket(request);
};

/** `face` is the class that pages know; its instances are keeper sockets, and so are those of classes below it. */
export const createRealtime = (publish: KeeperApi['publish'], post: Post, face: SocketClass): Realtime => {
  prepare(face);
  const channels = createChannels(publish, post);
  const sockets = hub;
  sockets.connect(post);
  let whose: string | undefined;
  return {
    topics: channels.topics,
    portOpened: () => {
      channels.portOpened();
      sockets.reopen();
    },
    welcomed: channels.republish,
    receive: (value) => {
      const frame = REALTIME_FRAME.read(value);
      if (!frame) return;
      channels.receive(frame);
      sockets.receive(frame);
    },
    receiveBatch: sockets.receiveBatch,
    updateSession: (session) => {
      const sub = 'user' in session ? session.user?.sub : undefined;
      const left = session.state === 'signed-out' && session.reason === 'user';
      if (left || (sub !== undefined && whose !== undefined && sub !== whose)) channels.resetUser();
      whose = sub ?? whose;
    },
    switchSession: () => {
      channels.resetUser();
      channels.cancelPublished();
      sockets.abandonAll();
      whose = undefined;
    },
    channel: channels.channel,
    hurry: channels.hurry,
    socket: (url, protocols, target = face) => createSocket({ url, protocols, target }),
    close: () => {
      channels.close();
      sockets.close();
    },
  };
};
