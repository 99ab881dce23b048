import type { Intro, KeeperApi } from '../protocol/bridge.ts';
import { createChannels } from './channels.ts';
import { KeeperSocket } from './keeper-socket.ts';
import { isFrame } from './port-frames.ts';
import { REALTIME_SHAPES } from './realtime-frames.ts';
import { createSocketHub, type Post } from './socket-hub.ts';
import type { Channel } from './types.ts';

/** What a page hears and says over the shared socket: a part of its own, loaded beside the registration. */
export type Realtime = {
  /** What this page listens to and how far it has read, for a greeting. */
  topics(): Intro['topics'];
  /** A new port takes messages, though nobody has answered on it yet. */
  greeted(): void;
  /** A host has answered on it. */
  welcomed(): void;
  /** A frame that nobody has looked at yet. */
  receive(frame: unknown): void;
  /** The person has left. */
  forget(): void;
  channel(topic: string): Channel;
  socket(url: string | URL, protocols?: string | string[]): WebSocket;
  close(): void;
};

export const createRealtime = (publish: KeeperApi['publish'], post: Post): Realtime => {
  const channels = createChannels(publish, post);
  const sockets = createSocketHub(post);
  return {
    topics: channels.topics,
    greeted: sockets.reopen,
    welcomed: channels.republish,
    receive: (frame) => {
      if (!isFrame(REALTIME_SHAPES, frame)) return;
      channels.receive(frame);
      sockets.receive(frame);
    },
    forget: channels.forget,
    channel: channels.channel,
    socket: (url, protocols) => new KeeperSocket(sockets, url, protocols),
    close: () => {
      channels.close();
      sockets.close();
    },
  };
};
